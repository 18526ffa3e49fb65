import { setTimeout as sleep } from 'node:timers/promises'
import { MODEL } from '../answers.ts'
import { now } from '../clock.ts'
import { readStream } from '../load/streams.ts'
import { playTurn } from '../load/websocket.ts'
import { atLeast, atMost, inTurn, type Bench, type Scenario, type Table } from '../scenario.ts'
import { startDeltatape, startUpstream } from '../sides.ts'
import { percentile } from '../statistics.ts'

const DELTAS = 100
/** Between two events of the API, where the latency is measured. In ms. */
const GAP_MS = 10
const STREAMS = 8
/** Between the beginnings of two streams, so that one begins and ends while others run. In ms. */
const STAGGER_MS = 37
/** Streams in a row on each of as many connections, where the throughput is measured. */
const BURSTS = 10

/** Plays one answer, and tells when each delta came: the microseconds that are in it, subtracted from now. In µs. */
type Player = (input: string, onDelta: (lateUs: number) => void) => Promise<void>

export const record: Scenario = {
  name: 'record',
  about: 'what recording adds to each event, and how much it can record',
  async run(bench) {
    const { lab } = bench
    const upstream = await startUpstream(lab)
    const server = await startDeltatape(lab, {
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-bench',
      OPENAI_BASE_URL: new URL('/v1', upstream.url).href,
      FIXTURES_DIR: await lab.folder(),
    })
    const players = [streamFrom(upstream.url), streamFrom(server.url), turnFrom(server.url)]
    for (const player of players) await warmUp(player)
    const tables = [...(await latencies(bench, players)), await throughput(bench, players)]
    await server.stop()
    await upstream.stop()
    return tables
  },
}

const DELTA = /"(?:delta|message)":"(\d{6,}) "/

function lateness(text: string, onDelta: (lateUs: number) => void): void {
  const [, stamp] = DELTA.exec(text) ?? []
  if (stamp !== undefined) onDelta(now() - Number(stamp))
}

const streamFrom =
  (url: URL): Player =>
  (input, onDelta) =>
    readStream(url, MODEL, input, (data) => lateness(data, onDelta))

const turnFrom =
  (url: URL): Player =>
  async (input, onDelta) => {
    const frames = await playTurn(url, '/ws-stream', input, (text) => lateness(text, onDelta))
    if (!frames.at(-1)?.startsWith('{"type":"message"')) throw new Error(`A recording failed: ${frames.at(-1)}`)
  }

let asked = 0

/** Each is asked once, so that each is recorded. */
const inputFor = (gapMs: number): string => `${DELTAS} ${gapMs} ${asked++}`

async function latencies(bench: Bench, players: readonly Player[]): Promise<Table[]> {
  const measure = async (player: Player): Promise<number[]> => {
    const lateMs: number[] = []
    await Promise.all(
      Array.from({ length: STREAMS }, async (_, index) => {
        await sleep(index * STAGGER_MS)
        await player(inputFor(GAP_MS), (lateUs) => lateMs.push(lateUs / 1000))
      }),
    )
    if (lateMs.length !== STREAMS * DELTAS) throw new Error(`${lateMs.length} deltas came, not ${STREAMS * DELTAS}.`)
    return lateMs
  }
  const [direct = [], streams = [], turns = []] = await inTurn(
    bench,
    'record: latency',
    players.map((player) => () => measure(player)),
  )
  const at = (rounds: number[][], share: number) => rounds.map((lateMs) => percentile(lateMs, share))
  const added = (rounds: number[][], share: number) =>
    at(rounds, share).map((ms, round) => ms - percentile(direct[round] ?? [], share))
  return [
    {
      title: `While recording, ${STREAMS} streams: event sent by the API to read by the client`,
      unit: 'ms',
      rows: [
        { what: '/v1/responses, p50 vs directly', ours: at(streams, 0.5), against: at(direct, 0.5) },
        { what: '/v1/responses, p99 vs directly', ours: at(streams, 0.99), against: at(direct, 0.99) },
        { what: '/ws-stream, p50 vs directly', ours: at(turns, 0.5), against: at(direct, 0.5) },
        { what: '/ws-stream, p99 vs directly', ours: at(turns, 0.99), against: at(direct, 0.99) },
      ],
    },
    {
      title: 'Added by deltatape to each event while it records',
      unit: 'ms',
      rows: [
        { what: '/v1/responses, p50', ours: added(streams, 0.5) },
        { what: '/v1/responses, p99', ours: added(streams, 0.99), goal: atMost(1) },
        { what: '/ws-stream, p50', ours: added(turns, 0.5) },
        { what: '/ws-stream, p99', ours: added(turns, 0.99), goal: atMost(1) },
      ],
    },
  ]
}

/** As many events as come, on several connections at once. Gives events a second. */
async function burst(player: Player): Promise<number> {
  let events = 0
  const began = performance.now()
  await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      for (let index = 0; index < BURSTS; index++) await player(inputFor(0), () => events++)
    }),
  )
  return events / ((performance.now() - began) / 1000)
}

/** Until the compiler of Node is done with it: as long as the other servers over HTTP. In ms. */
const WARM_UP_MS = 2500

async function warmUp(player: Player): Promise<void> {
  const until = performance.now() + WARM_UP_MS
  while (performance.now() < until) await burst(player)
}

async function throughput(bench: Bench, players: readonly Player[]): Promise<Table> {
  const [direct = [], streams = [], turns = []] = await inTurn(
    bench,
    'record: throughput',
    players.map((player) => () => burst(player)),
  )
  return {
    title: `Recording, answers of ${DELTAS} deltas at once, each on the disk at its end`,
    unit: 'deltas/s',
    rows: [
      { what: '/v1/responses vs directly', ours: streams, against: direct, goal: atLeast(0.3) },
      { what: '/ws-stream vs directly', ours: turns, against: direct, goal: atLeast(0.3) },
    ],
  }
}
