import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerTo, inputAt, writeFixture } from '../answers.ts'
import type { Running } from '../lab.ts'
import { libraryAnswer } from '../library.ts'
import { clientFrame, openWebSocket, wireBytes } from '../load/websocket.ts'
import { residentBytes } from '../memory.ts'
import { atMost, inTurn, type Bench, type Scenario, type Table } from '../scenario.ts'
import { startDeltatape, startRaw } from '../sides.ts'

const MB = 2 ** 20

/** Before it is measured, so many connections, so that what is loaded once is not counted to each. */
const FIRST_CONNECTIONS = 500
const CONNECTIONS = 4000

const FIXTURES = 10_000
const READERS = 8

/** What garbage there is after a load is gone, or never will be. */
const SETTLE_MS = 500

export const memory: Scenario = {
  name: 'memory',
  about: 'of an idle connection, and after a replay of 10,000 fixtures',
  run: async (bench) => [await idleConnections(bench), await wholeLibrary(bench)],
}

async function idleConnections(bench: Bench): Promise<Table> {
  const { lab } = bench
  const answer = answerTo(inputAt(0), 1)
  const dir = await lab.folder()
  await writeFixture(dir, answer)
  // A process that had connections keeps their memory: each round has processes of its own.
  const [ours = [], against = []] = await inTurn({ ...bench, rounds: Math.min(bench.rounds, 3) }, 'memory: idle', [
    async () => connectionKb(await startDeltatape(lab, { FIXTURES_DIR: dir })),
    async () => connectionKb(await startRaw(lab, 'plain', answer.frames.join('\n'))),
  ])
  return {
    title: `Resident memory of an idle connection, of ${CONNECTIONS.toLocaleString('en')}`,
    unit: 'kB',
    rows: [{ what: 'a WebSocket vs plain ws', ours, against, goal: atMost(1.3) }],
  }
}

async function connectionKb({ url, pid, stop }: Running): Promise<number> {
  const sockets: Socket[] = []
  const open = async (count: number): Promise<number> => {
    while (sockets.length < count) {
      const few = Array.from({ length: Math.min(100, count - sockets.length) }, () => openWebSocket(url, '/ws-stream'))
      sockets.push(...(await Promise.all(few)))
    }
    await sleep(SETTLE_MS)
    return residentBytes(pid)
  }
  const before = await open(FIRST_CONNECTIONS)
  const after = await open(FIRST_CONNECTIONS + CONNECTIONS)
  for (const socket of sockets) socket.destroy()
  await stop()
  return (after - before) / CONNECTIONS / 1024
}

async function wholeLibrary({ lab, library, say }: Bench): Promise<Table> {
  const { url, pid, stop } = await startDeltatape(lab, { FIXTURES_DIR: await library(FIXTURES) })
  say('memory: replaying all fixtures')
  const idle = await residentBytes(pid)
  let most = idle
  const watch = setInterval(async () => {
    most = Math.max(most, await residentBytes(pid))
  }, 100)
  const answerBytes = wireBytes(libraryAnswer(0).frames)
  let next = 0
  const read = async () => {
    const socket = await openWebSocket(url, '/ws-stream')
    const { promise: done, resolve, reject } = Promise.withResolvers<void>()
    let received = 0
    const ask = () => {
      received = 0
      if (next === FIXTURES) resolve()
      else socket.write(clientFrame(JSON.stringify({ input: inputAt(next++) })))
    }
    socket.on('data', (chunk) => {
      received += chunk.length
      if (received === answerBytes) ask()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('deltatape closed a connection.')))
    ask()
    await done
    socket.destroy()
  }
  await Promise.all(Array.from({ length: READERS }, read))
  await sleep(SETTLE_MS)
  const after = await residentBytes(pid)
  clearInterval(watch)
  await stop()
  return {
    title: `Resident memory, ${FIXTURES.toLocaleString('en')} fixtures of 10 kB`,
    unit: 'MB',
    rows: [
      { what: 'started', ours: [idle / MB] },
      { what: 'after all were replayed', ours: [after / MB], goal: atMost(250) },
      { what: 'at most meanwhile', ours: [Math.max(most, after) / MB], goal: atMost(250) },
    ],
  }
}
