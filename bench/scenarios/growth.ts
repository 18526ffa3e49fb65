import { cp } from 'node:fs/promises'
import { MODEL, answerTo, inputAt } from '../answers.ts'
import { libraryAnswer } from '../library.ts'
import { readStream } from '../load/streams.ts'
import { loadTurns } from '../load/turns.ts'
import { wireBytes } from '../load/websocket.ts'
import { type Goal, atLeast, atMost, inTurn, type Bench, type Row, type Scenario, type Table } from '../scenario.ts'
import { startDeltatape, startUpstream } from '../sides.ts'
import { loadAnswer, startSides } from './ws.ts'

const CONNECTIONS = 16
const LENGTHS = [20, 200, 2000]
const FIXTURES = [10, 1000, 10_000]
const RECORDINGS = 10
const WARM_UP_MS = 1000

export const growth: Scenario = {
  name: 'growth',
  about: 'how it grows with the length of answers and the number of fixtures',
  async run(bench) {
    const few = { ...bench, rounds: Math.min(bench.rounds, 3) }
    return [await lengths(few), await lookups(few), await recordings(few)]
  },
}

async function lengths(bench: Bench): Promise<Table> {
  const rows: Row[] = []
  for (const deltas of LENGTHS) {
    const answer = answerTo(inputAt(0), deltas)
    const sides = await startSides(bench, answer)
    const [ours = [], corked = [], plain = []] = await inTurn(
      bench,
      `growth: ${deltas} deltas`,
      sides.map(({ url }) => async () => {
        const { turnsPerSecond } = await loadAnswer(url, answer, CONNECTIONS, bench.windowMs)
        return turnsPerSecond * answer.frames.length
      }),
    )
    rows.push(
      {
        what: `${deltas} deltas vs corked limit`,
        ours,
        against: corked,
        ...(deltas === 20 ? { goal: atLeast(0.75) } : {}),
      },
      { what: `${deltas} deltas vs plain ws`, ours, against: plain },
    )
    await Promise.all(sides.map((side) => side.stop()))
  }
  return { title: `Length of the answers, ${CONNECTIONS} connections`, unit: 'frames/s', rows }
}

/**
 * Every fixture in its turn, again and again, after each was replayed once: where there are more than are held in memory,
 * those that are not are read.
 */
async function lookups(bench: Bench): Promise<Table> {
  const servers = []
  for (const count of FIXTURES)
    servers.push(await startDeltatape(bench.lab, { FIXTURES_DIR: await bench.library(count) }))
  const answerBytes = wireBytes(libraryAnswer(0).frames)
  const sides = servers.map(({ url }, index) => {
    const inputs = Array.from({ length: FIXTURES[index] ?? 0 }, (_, number) => inputAt(number))
    let from = 0
    const goOn = async (windowMs: number): Promise<number> => {
      const load = { url, path: '/ws-stream', connections: CONNECTIONS, inputs, from, answerBytes, windowMs }
      const { turnsPerSecond, asked } = await loadTurns(load)
      from += asked
      return turnsPerSecond
    }
    return {
      measure: () => goOn(bench.windowMs),
      async warmUp() {
        bench.say(`growth: replaying ${inputs.length} fixtures`)
        do await goOn(WARM_UP_MS)
        while (from < inputs.length)
      },
    }
  })
  for (const { warmUp } of sides) await warmUp()
  const hits = await inTurn(
    bench,
    'growth: lookups',
    sides.map(({ measure }) => measure),
  )
  await Promise.all(servers.map((server) => server.stop()))
  return {
    title: `Fixtures, each replayed in its turn, ${CONNECTIONS} connections`,
    unit: 'turns/s',
    rows: rowsByFixtures(hits, [atLeast(0.8), atLeast(0.4)]),
  }
}

/** Answers that nobody recorded yet, one after another, into a folder that has many others. */
async function recordings(bench: Bench): Promise<Table> {
  const { lab, library } = bench
  const upstream = await startUpstream(lab)
  const servers = []
  for (const count of FIXTURES) {
    const dir = await lab.folder()
    await cp(await library(count), dir, { recursive: true })
    servers.push(
      await startDeltatape(lab, {
        MODEL_MODE: 'record',
        OPENAI_API_KEY: 'sk-bench',
        OPENAI_BASE_URL: new URL('/v1', upstream.url).href,
        FIXTURES_DIR: dir,
      }),
    )
  }
  let asked = 0
  const samples = await inTurn(
    bench,
    'growth: recordings',
    servers.map(({ url }) => async () => {
      const began = performance.now()
      for (let index = 0; index < RECORDINGS; index++) await readStream(url, MODEL, `20 0 ${asked++}`, () => {})
      return (performance.now() - began) / RECORDINGS
    }),
  )
  await Promise.all([upstream, ...servers].map((server) => server.stop()))
  return {
    title: 'A recording of 20 deltas, one after another',
    unit: 'ms',
    rows: rowsByFixtures(samples, [undefined, atMost(1.5)]),
  }
}

function rowsByFixtures(
  [base = [], ...others]: readonly (readonly number[])[],
  goals: readonly (Goal | undefined)[],
): Row[] {
  return others.map((ours, index) => {
    const goal = goals[index]
    const what = `${FIXTURES[index + 1]?.toLocaleString('en')} fixtures vs 10`
    return { what, ours, against: base, ...(goal ? { goal } : {}) }
  })
}
