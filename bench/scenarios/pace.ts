import { answerTo, inputAt, writeFixture } from '../answers.ts'
import { playTurn } from '../load/websocket.ts'
import { atMost, inTurn, type Scenario } from '../scenario.ts'
import { startDeltatape } from '../sides.ts'
import { percentile } from '../statistics.ts'

const DELTAS = 50
const TURNS = [1, 200]

export const pace: Scenario = {
  name: 'pace',
  about: 'REPLAY_PACE=recorded: how far gaps are from the recorded ones',
  async run(bench) {
    const { lab, say } = bench
    const dir = await lab.folder()
    const answers = Array.from({ length: Math.max(...TURNS) }, (_, index) => answerTo(inputAt(index), DELTAS))
    const times = answers.map((_, index) => timesOf(index))
    for (const [index, answer] of answers.entries())
      await writeFixture(dir, answer, (event) => times[index]?.[event] ?? 0)
    const server = await startDeltatape(lab, { FIXTURES_DIR: dir, REPLAY_PACE: 'recorded' })

    /** The difference between each gap and the recorded one, in ms. */
    const errorsOf = async (index: number): Promise<number[]> => {
      const came: number[] = []
      await playTurn(server.url, '/ws-stream', inputAt(index), () => came.push(performance.now()))
      const due = times[index] ?? []
      return came.slice(1, DELTAS).map((ms, delta) => {
        const recorded = (due[FIRST_DELTA + delta + 1] ?? 0) - (due[FIRST_DELTA + delta] ?? 0)
        return Math.abs(ms - (came[delta] ?? 0) - recorded)
      })
    }
    const errorsAt = async (turns: number): Promise<number[]> =>
      (await Promise.all(Array.from({ length: turns }, (_, index) => errorsOf(index)))).flat()
    say('pace: warming up')
    await errorsAt(Math.max(...TURNS))
    const samples = await inTurn(
      { ...bench, rounds: Math.min(bench.rounds, 3) },
      'pace',
      TURNS.map((turns) => () => errorsAt(turns)),
    )
    await server.stop()
    return [
      {
        title: 'REPLAY_PACE=recorded: error of each gap between events',
        unit: 'ms',
        rows: TURNS.flatMap((turns, index) => {
          const rounds = samples[index] ?? []
          const what = turns === 1 ? '1 turn' : `${turns} turns at once`
          return [
            { what: `${what}, p50`, ours: rounds.map((errors) => percentile(errors, 0.5)) },
            {
              what: `${what}, p99`,
              ours: rounds.map((errors) => percentile(errors, 0.99)),
              ...(turns === 200 ? { goal: atMost(8) } : {}),
            },
          ]
        }),
      },
    ]
  },
}

/** Four events come before the first delta. */
const FIRST_DELTA = 4

/** When each event came, in ms: gaps from 5 to 44, another series for each answer, and the same in every run. */
function timesOf(seed: number): number[] {
  let state = seed + 1
  let at = 100
  return Array.from({ length: DELTAS + FIRST_DELTA * 2 + 1 }, () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    at += 5 + Math.floor((state / 2 ** 32) * 40)
    return at
  })
}
