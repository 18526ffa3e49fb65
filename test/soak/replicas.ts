/** Four servers on one store, and many clients of them, while a server is killed and comes back, and then the engine. */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { parseJson } from '../../server/base/json.ts'
import { compose, steps } from '../kit/answers.ts'
import { type Chat, connect } from '../kit/client.ts'
import { freePort } from '../kit/ports.ts'
import { sse, startStandIn } from '../kit/standin.ts'
import { MORTALS, type Mortal, type MortalName } from './engines.ts'
import { type Watched, startProcess } from './process.ts'
import type { Outcome } from './scenarios.ts'

/** What the servers do. The first one is killed: in the middle of writing, if anywhere. */
const MODES = ['record', 'auto', 'auto', 'replay'] as const
const REPLAYS = MODES.indexOf('replay')

const CLI = fileURLToPath(new URL('../../server/cli.ts', import.meta.url))

/** How an answer begins and goes on is the same each time: whatever else comes is wrong. */
const piecesOf = (question: string) => Array.from({ length: 12 }, (_, index) => ` ${question} ${index}`)
const eventsOf = (question: string) => compose(question.replaceAll(' ', '-')).text(piecesOf(question)).completed()

/** `right`, `broken`, the code of an error, or what was wrong. */
type Ask = (url: string, question: string) => Promise<string>

const refusalSchema = z.object({ error: z.object({ code: z.string() }) })

const overHttp: Ask = async (url, question) => {
  const body = JSON.stringify({ model: 'gpt-4.1-mini', input: question, stream: true })
  const headers = { 'content-type': 'application/json' }
  try {
    const response = await fetch(`${url}/v1/responses`, { method: 'POST', headers, body })
    const text = await response.text()
    if (response.ok)
      return text === eventsOf(question).map(sse).join('') ? 'right' : `wrong bytes: ${text.slice(0, 200)}`
    return refusalSchema.safeParse(parseJson(text)).data?.error.code ?? `wrong error: ${text.slice(0, 200)}`
  } catch {
    return 'broken'
  }
}

/** A client that stays connected while it can. A frame of a turn that is over would be found in the next one. */
function overChat(): Ask {
  let [chat, at]: [Chat | undefined, string] = [undefined, '']
  let turns = 0
  return async (url, question) => {
    try {
      if (!chat || at !== url) [chat, at] = [await connect(`${url}/ws-stream`), url]
      const id = String(turns++)
      chat.send({ input: question, id })
      const turn = await chat.turn()
      const deltas = turn.slice(0, -1).map(({ message }) => message)
      const last = turn.at(-1)
      if (turn.some((frame) => frame.id !== id)) return `wrong turn: ${JSON.stringify(turn).slice(0, 200)}`
      if (last?.type === 'error') return String(last.code)
      const whole = piecesOf(question).join('')
      return last?.message === whole && deltas.join('') === whole ? 'right' : `wrong text: ${JSON.stringify(last)}`
    } catch {
      chat = undefined
      return 'broken'
    }
  }
}

/** A turn, or a time when something was away. */
interface Span {
  readonly from: number
  to: number
}
interface Turn extends Span {
  readonly server: number
  readonly question: string
  readonly end: string
}
interface Outage extends Span {
  /** A server, or the engine. */
  readonly of: number | 'engine'
}

/** How long after its return an engine may still be taken for away, and a fixture for absent, in ms. */
const GRACE_MS = 2000

const meets = (a: Span, b: Span, grace = 0) => a.from <= b.to + grace && a.to >= b.from

/** Since when each question is known to be saved: somebody had the end of its answer, and nothing was away. */
function savedSince(turns: readonly Turn[], outages: readonly Outage[]): ReadonlyMap<string, number> {
  const since = new Map<string, number>()
  for (const turn of turns) {
    const proves =
      turn.end === 'right' && (turn.server === REPLAYS || !outages.some((each) => meets(turn, each, GRACE_MS)))
    if (proves) since.set(turn.question, Math.min(since.get(turn.question) ?? Infinity, turn.to))
  }
  return since
}

/** Whether a turn ended as one may at that time. */
function isDue(turn: Turn, outages: readonly Outage[], saved: ReadonlyMap<string, number>): boolean {
  const { end, server, question, from } = turn
  const during = (of: Outage['of'], grace = 0) => outages.some((each) => each.of === of && meets(turn, each, grace))
  if (end === 'right') return true
  if (end === 'broken') return during(server)
  if (end === 'store_away') return during('engine', GRACE_MS)
  return end === 'fixture_miss' && server === REPLAYS && from < (saved.get(question) ?? Infinity) + GRACE_MS
}

/** The clients, who ask until they are stopped; a broken connection sends one on to the next server, as a proxy would. */
function crowd(urls: readonly string[], clients: number, questions: number) {
  const turns: Turn[] = []
  let waiting: { count: number; enough: () => void } | undefined
  const stopped = new AbortController()
  const talk = async (client: number): Promise<void> => {
    const ask = client % 2 === 0 ? overHttp : overChat()
    let server = (client >> 1) % urls.length
    for (let index = client; !stopped.signal.aborted; index += 7) {
      const [question, from] = [`question ${index % questions}`, performance.now()]
      const end = await ask(urls[server] ?? '', question)
      turns.push({ server, question, end, from, to: performance.now() })
      if (waiting && --waiting.count <= 0) waiting.enough()
      if (end === 'broken') server = (server + 1) % urls.length
      if (end !== 'right') await sleep(20)
    }
  }
  const all = Promise.all(Array.from({ length: clients }, (_, client) => talk(client)))
  return {
    turns,
    /** Resolves when so many more turns are over. */
    more: (count: number) => new Promise<void>((enough) => (waiting = { count, enough })),
    async stop() {
      stopped.abort()
      await all
    },
  }
}

/** Kills the first server, and then the engine, and brings them back; gives when they were away. */
async function troubled(
  { more }: ReturnType<typeof crowd>,
  engine: Mortal,
  servers: Watched[],
  { start, turns }: { readonly start: (mode: string, port: string) => Promise<Watched>; readonly turns: number },
): Promise<Outage[]> {
  const outages: Outage[] = []
  const away = async (of: Outage['of'], kill: () => Promise<unknown>, revive: () => Promise<unknown>) => {
    const outage = { of, from: performance.now(), to: Infinity }
    outages.push(outage)
    await kill()
    await more(turns)
    await sleep(500)
    await revive()
    outage.to = performance.now()
    await more(turns)
  }
  const [first] = servers
  if (!first) throw new Error('There are four.')
  await more(turns)
  await away(
    0,
    () => (first.child.kill('SIGKILL'), first.ended),
    async () => (servers[0] = await start(MODES[0], new URL(first.url).port)),
  )
  await away('engine', engine.kill, engine.revive)
  await sleep(GRACE_MS)
  await more(turns)
  return outages
}

/** Everything that was saved is asked of a new server, and looked at by `verify`. */
async function readBack(server: Watched, env: Readonly<Record<string, string>>, saved: Iterable<string>) {
  const ends = await Promise.all(Array.from(saved, (question) => overHttp(server.url, question)))
  const { PATH = '' } = process.env
  const verified = await new Promise<string>((resolve) => {
    const done = (error: unknown, out: string, err: string) => resolve(error ? out + err : '')
    execFile(process.execPath, [CLI, 'verify'], { env: { PATH, ...env } }, done)
  })
  return { whole: ends.filter((end) => end === 'right').length, verified }
}

/** @param turns how many turns each part has */
export async function replicas(name: MortalName, clients: number, questions: number, turns: number): Promise<Outcome> {
  const engine = await MORTALS[name]()
  if (!engine) return { figure: `not tried: there is no ${name}`, held: true }
  try {
    return await tried({ name, engine, clients, questions, turns })
  } finally {
    await engine.close()
  }
}

interface Trial {
  readonly name: MortalName
  readonly engine: Mortal
  readonly clients: number
  readonly questions: number
  readonly turns: number
}

async function tried({ name, engine, clients, questions, turns }: Trial): Promise<Outcome> {
  const began = performance.now()
  const standIn = await startStandIn(({ body }) => ({ steps: steps(eventsOf(String(body.input))) }))
  const env = {
    OPENAI_API_KEY: 'sk-stand-in',
    OPENAI_BASE_URL: standIn.url,
    ...engine.env,
  }
  const start = (mode: string, PORT: string) => startProcess({ ...env, MODEL_MODE: mode, PORT })
  const servers = await Promise.all(MODES.map(async (mode) => start(mode, await freePort())))
  const asking = crowd(
    servers.map(({ url }) => url),
    clients,
    questions,
  )
  const outages = await troubled(asking, engine, servers, { start, turns })
  await asking.stop()
  const codes = await Promise.all(servers.map((server) => server.stop()))

  const saved = savedSince(asking.turns, outages)
  const undue = asking.turns.filter((turn) => !isDue(turn, outages, saved))
  const fresh = await start('replay', '0')
  const { whole, verified } = await readBack(fresh, engine.env, saved.keys())
  await fresh.stop()
  await standIn.close()
  const ends = Object.entries(Object.groupBy(asking.turns, ({ end }) => end)).map(
    ([end, all = []]) => `${all.length} ${end}`,
  )
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  const told = [...undue.slice(0, 3).map(({ end, server }) => `${MODES[server]}: ${end}`), verified].filter(Boolean)
  return {
    figure: `4 servers on ${name}, ${clients} clients: ${asking.turns.length} turns (${ends.join(', ')}), ${undue.length} undue; ${whole} of ${saved.size} fixtures whole afterwards; ${seconds} s${told.map((each) => `; ${each}`).join('')}`,
    held:
      undue.length === 0 &&
      whole === saved.size &&
      saved.size === questions &&
      verified === '' &&
      codes.every((code) => code === 0),
  }
}
