/** What a server has to bear, each scenario with a figure and a verdict. Counts are bounded, and so is all time. */
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { parseFixture } from '../../server/fixture/file.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import { startStandIn, type Answer } from '../kit/standin.ts'
import { startProcess } from './process.ts'

/** What came of a scenario. */
export interface Outcome {
  readonly figure: string
  readonly held: boolean
}

const ASK = 'My name is Ada.'
const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`

/** Numbers that look random, and are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** A folder that is taken away afterwards. */
async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'deltatape-soak-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Every fault, asked for over both sockets: one right end each, and a good turn behind it. */
export async function faults(rounds: number): Promise<Outcome> {
  const server = await startProcess({})
  const expected: Readonly<Record<string, string | undefined>> = {
    'refuse:429': 'upstream_refused',
    'error@3': 'upstream_error',
    'fail@5': 'upstream_failed',
    'truncate@7': 'upstream_truncated',
    'reset@7': 'upstream_reset',
    'stall@7': 'upstream_stalled',
    'malformed@7': 'upstream_malformed',
    'delay:5ms@7': undefined,
    'drop@7': 'dropped',
  }
  let tried = 0
  let right = 0
  for (let round = 0; round < rounds; round++) {
    for (const path of ['/ws', '/ws-stream']) {
      for (const [plan, code] of Object.entries(expected)) {
        tried++
        const chat = await connect(`${server.url}${path}?fault=${encodeURIComponent(plan)}`)
        chat.send({ input: ASK })
        if (code === 'dropped') {
          const closed = await chat.closed
          const ends = chat.transcript.filter((text) => !text.includes('"type":"delta"')).length
          if (closed === 1006 && ends === 0) right++
        } else {
          const turn = await chat.turn()
          const good = await connect(`${server.url}${path}`)
          good.send({ input: ASK })
          const [again, after] = [chat.send({ input: ASK }), (await good.turn()).at(-1)?.type]
          void again
          const second = await chat.turn()
          if (turn.at(-1)?.code === code && second.at(-1)?.code === code && after === 'message') right++
          await Promise.all([chat.close(), good.close()])
        }
      }
    }
  }
  await server.stop()
  return {
    figure: `${right} of ${tried} faults on purpose ended right, with a good turn behind each`,
    held: right === tried,
  }
}

/**
 * Junk over sockets and over HTTP, while the server is asked for its health and its memory.
 *
 * @param growth how much memory may have grown in the end, as a factor
 */
export async function junk(frames: number, requests: number, growth: number): Promise<Outcome> {
  const server = await startProcess({ LOG_LEVEL: 'error' })
  const random = randomFrom(7)
  const text = () => {
    const length = Math.floor(random() * 60)
    return Array.from({ length }, () => String.fromCharCode(32 + Math.floor(random() * 94))).join('')
  }
  const pieces = [
    '{',
    '{"input":',
    '{"input":""}',
    '[]',
    'null',
    '{"type":"cancel"}',
    '{"input":{"a":[[[[]]]]}}',
    '"\\ud800"',
    '',
  ]
  const junkText = () => (random() < 0.5 ? text() : (pieces[Math.floor(random() * pieces.length)] ?? ''))

  const flood = async (count: number): Promise<void> => {
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}/ws-stream`)
    await once(ws, 'open')
    let answered = 0
    let sent = 0
    let cancels = 0
    const finished = Promise.withResolvers<void>()
    ws.on('message', () => {
      answered++
      if (answered + cancels >= count) finished.resolve()
      else if (answered + cancels >= sent) push()
    })
    const push = () => {
      for (const end = Math.min(sent + 1000, count); sent < end; sent++) {
        const message = junkText()
        if (message === '{"type":"cancel"}') cancels++
        ws.send(random() < 0.05 ? Buffer.from(message) : message)
      }
      if (answered + cancels >= count) finished.resolve()
    }
    push()
    await finished.promise
    ws.terminate()
  }
  const pester = async (count: number): Promise<void> => {
    const { port } = new URL(server.url)
    for (let index = 0; index < count; index++) {
      await new Promise<void>((resolve) => {
        const socket = connectSocket(Number(port), '127.0.0.1')
        socket.on('error', () => resolve()).on('close', () => resolve())
        socket.setTimeout(1000, () => socket.destroy())
        const method = random() < 0.3 ? 'GET' : 'POST'
        const path = random() < 0.5 ? '/v1/responses' : `/${encodeURIComponent(text())}`
        const body = junkText()
        const head =
          random() < 0.1
            ? text()
            : `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}`
        socket.on('data', () => {})
        socket.end(`${head}\r\n\r\n${body}`)
      })
    }
  }

  const before = await server.memory()
  let checks = 0
  let healthy = 0
  let slowest = 0
  const done = new AbortController()
  const watching = (async () => {
    while (!done.signal.aborted) {
      checks++
      const asked = performance.now()
      const response = await fetch(`${server.url}/health`).catch(() => undefined)
      slowest = Math.max(slowest, performance.now() - asked)
      if (response?.status === 200) healthy++
      await sleep(100)
    }
  })()
  const parts = 8
  await Promise.all([
    ...Array.from({ length: parts }, () => flood(Math.ceil(frames / parts))),
    ...Array.from({ length: parts }, () => pester(Math.ceil(requests / parts))),
  ])
  done.abort()
  await watching
  let after = await server.memory()
  // It is given back once the server is quiet.
  for (let wait = 0; wait < 50 && after > before * growth; wait++) {
    await sleep(100)
    after = await server.memory()
  }
  const code = await server.stop()
  return {
    figure: `${frames} frames and ${requests} requests of junk: health ${healthy} of ${checks} (the slowest ${slowest.toFixed(0)} ms), memory ${megabytes(before)} → ${megabytes(after)}, exit ${code}`,
    held: healthy === checks && after <= before * growth && code === 0,
  }
}

/** Many connections, some of them with a turn at recorded pace, for a while. */
export async function crowd(connections: number, running: number, seconds: number): Promise<Outcome> {
  const server = await startProcess({ REPLAY_PACE: 'recorded' })
  const idle = await server.memory()
  const sockets: WebSocket[] = []
  for (let index = 0; index < connections; index += 50) {
    const batch = Array.from(
      { length: Math.min(50, connections - index) },
      () => new WebSocket(`${server.url.replace('http', 'ws')}/ws-stream`),
    )
    await Promise.all(batch.map((ws) => once(ws, 'open')))
    sockets.push(...batch)
  }
  const crowded = await server.memory()
  const reference = await connect(`${server.url}/ws-stream`)
  reference.send({ input: ASK })
  await reference.turn()
  const expected = [...reference.transcript]
  let turns = 0
  let exact = 0
  const end = performance.now() + seconds * 1000
  const talk = async (ws: WebSocket) => {
    let frames: string[] = []
    let done = Promise.withResolvers<void>()
    ws.on('message', (data) => {
      frames.push(String(data))
      if (!String(data).includes('"type":"delta"')) done.resolve()
    })
    ws.on('close', () => done.resolve())
    while (performance.now() < end && ws.readyState === WebSocket.OPEN) {
      frames = []
      done = Promise.withResolvers()
      ws.send(JSON.stringify({ input: ASK }))
      await done.promise
      turns++
      if (frames.length === expected.length && frames.every((text, index) => text === expected[index])) exact++
    }
  }
  await Promise.all(sockets.slice(0, running).map(talk))
  const each = (crowded - idle) / connections / 1024
  for (const ws of sockets) ws.terminate()
  await reference.close()
  const code = await server.stop()
  return {
    figure: `${connections} connections, ${running} with turns for ${seconds} s: ${exact} of ${turns} turns exact, ${each.toFixed(1)} kB a connection`,
    held: exact === turns && turns > 0 && code === 0,
  }
}

/** Kills a recording server at any moment; what is on the disk then has to be whole. */
export function kills(times: number): Promise<Outcome> {
  return inFolder(async (dir) => {
    const random = randomFrom(11)
    const long = compose('kill')
      .text(Array.from({ length: 300 }, (_, index) => ` ${index}`))
      .completed()
    const standIn = await startStandIn(() => ({ steps: steps(long) }))
    let fixtures = 0
    let damaged = 0
    let strays = 0
    for (let round = 0; round < times; round++) {
      const server = await startProcess({
        MODEL_MODE: 'record',
        OPENAI_API_KEY: 'sk-stand-in',
        OPENAI_BASE_URL: standIn.url,
        FIXTURES_DIR: dir,
      })
      const ws = new WebSocket(`${server.url.replace('http', 'ws')}/ws`)
      ws.on('error', () => {})
      await once(ws, 'open')
      let asked = 0
      const ask = () => ws.send(JSON.stringify({ input: `question ${asked++ % 5} ${round % 7}` }))
      const enough = Math.floor(random() * 12)
      let answered = 0
      const going = Promise.withResolvers<void>()
      ws.on('message', () => {
        if (answered++ >= enough) going.resolve()
        ask()
      })
      for (let index = 0; index < 4; index++) ask()
      await going.promise
      await sleep(random() * 10)
      server.child.kill('SIGKILL')
      await server.ended
      for (const name of await readdir(dir)) {
        if (name.startsWith('.')) continue
        if (!/^[a-z0-9-]+-[0-9a-f]{12}\.jsonl$/.test(name)) strays++
        fixtures++
        try {
          parseFixture(await readFile(join(dir, name), 'utf8'), name)
        } catch {
          damaged++
        }
      }
    }
    await standIn.close()
    return {
      figure: `${times} kills while recording: ${fixtures} fixtures looked at, ${damaged} damaged, ${strays} stray files taken for one`,
      held: damaged === 0 && strays === 0 && fixtures > 0,
    }
  })
}

/**
 * A reader that stops in the middle of a large answer of the API: it is the API that has to wait.
 *
 * @param growth how much more memory the server may take for it, in bytes
 */
export async function slowReader(bytes: number, growth: number): Promise<Outcome> {
  const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'x'.repeat(10_000) }
  const count = Math.ceil(bytes / 10_000)
  const large: Answer = { steps: Array.from({ length: count }, () => ({ event: delta })) }
  const small: Answer = { steps: steps(compose('small').text(words('one two three')).completed()) }
  const standIn = await startStandIn(({ body }) => (body.input === 'large' ? large : small))
  const server = await startProcess({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-stand-in', OPENAI_BASE_URL: standIn.url })
  const warm = await connect(`${server.url}/ws-stream`)
  for (let index = 0; index < 200; index++) {
    warm.send({ input: 'small' })
    await warm.turn()
  }
  /** The memory before, and the most of it in the three seconds after. */
  const watch = async (begin: () => Promise<() => void>): Promise<{ before: number; most: number }> => {
    const before = await server.memory()
    const end = await begin()
    let most = before
    for (let wait = 0; wait < 30; wait++) {
      await sleep(100)
      most = Math.max(most, await server.memory())
    }
    end()
    return { before, most }
  }
  const overSocket = await watch(async () => {
    const chat = await connect(`${server.url}/ws-stream`)
    chat.ws.pause()
    chat.send({ input: 'large' })
    return () => chat.ws.terminate()
  })
  const { port } = new URL(server.url)
  const overHttp = await watch(async () => {
    const post = request({
      port,
      path: '/v1/responses',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    const responded = once(post, 'response')
    post.end(JSON.stringify({ model: 'm', input: 'large', stream: true }))
    const [response] = await responded
    response.pause()
    return () => void post.destroy()
  })
  await warm.close()
  const code = await server.stop()
  await standIn.close()
  return {
    figure: `a reader that stopped in ${megabytes(bytes)}: memory at most ${megabytes(overSocket.most - overSocket.before)} more over a WebSocket, ${megabytes(overHttp.most - overHttp.before)} over HTTP`,
    held: overSocket.most - overSocket.before < growth && overHttp.most - overHttp.before < growth && code === 0,
  }
}

/**
 * Clients that leave in the middle: how soon the call to the API ends.
 *
 * @param withinMs how soon it has to end
 */
export async function leavers(times: number, withinMs: number): Promise<Outcome> {
  const begun = compose('leave').text(words('one two')).cut().events
  const standIn = await startStandIn(() => ({ steps: [...steps(begun), 'hang'] }))
  const server = await startProcess({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-stand-in', OPENAI_BASE_URL: standIn.url })
  const waits: number[] = []
  const leave = async (): Promise<void> => {
    const chat = await connect(`${server.url}/ws-stream`)
    const input = `leave ${Math.floor(performance.now() * 1000)} ${waits.length}`
    chat.send({ input })
    await chat.next()
    const call = standIn.calls.findLast(({ body }) => body.input === input)
    const left = performance.now()
    chat.ws.terminate()
    await call?.closed
    waits.push(performance.now() - left)
  }
  for (let index = 0; index < times; index++) await leave()
  const late = waits.filter((ms) => ms > withinMs).length
  const warnings = server.lines.filter((line) => line.includes('Warning')).length
  const began = performance.now()
  const code = await server.stop()
  const ending = performance.now() - began
  await standIn.close()
  const worst = Math.max(...waits)
  return {
    figure: `${waits.length - late} of ${times} calls ended within ${withinMs} ms of the client's leaving (the slowest ${worst.toFixed(0)} ms), ${warnings} warnings, then gone in ${ending.toFixed(0)} ms`,
    held: late === 0 && waits.length === times && warnings === 0 && code === 0,
  }
}

/**
 * SIGTERM while turns run: each gets its terminal frame, and the process is gone in time.
 *
 * @param patienceMs how long after the grace time it may take
 */
export async function sigterm(turns: number, graceMs: number, patienceMs: number): Promise<Outcome> {
  const standIn = await startStandIn(() => ({
    steps: [...steps(compose('term').text(words('one two')).cut().events), 'hang'],
  }))
  const server = await startProcess({
    MODEL_MODE: 'live',
    OPENAI_API_KEY: 'sk-stand-in',
    OPENAI_BASE_URL: standIn.url,
    SHUTDOWN_GRACE_MS: String(graceMs),
  })
  const chats = await Promise.all(Array.from({ length: turns }, () => connect(`${server.url}/ws-stream`)))
  await Promise.all(
    chats.map(async (chat) => {
      chat.send({ input: 'Hi' })
      await chat.next()
    }),
  )
  const began = performance.now()
  const code = await server.stop()
  const took = performance.now() - began
  const closes = await Promise.all(chats.map(({ closed }) => closed))
  const ended = chats.filter(
    ({ transcript }) => transcript.filter((text) => text.includes('"shutting_down"')).length === 1,
  ).length
  await standIn.close()
  return {
    figure: `SIGTERM with ${turns} turns: ${ended} with their frame, ${closes.filter((close) => close === 1001).length} closed with 1001, exit ${code} after ${took.toFixed(0)} ms of ${graceMs} ms grace`,
    held: ended === turns && closes.every((close) => close === 1001) && code === 0 && took < graceMs + patienceMs,
  }
}
