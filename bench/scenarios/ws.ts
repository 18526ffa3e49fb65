import { answerTo, inputAt, writeFixture, type Answer } from '../answers.ts'
import { loadTurns, type TurnFigures } from '../load/turns.ts'
import { playTurn, wireBytes } from '../load/websocket.ts'
import type { Running } from '../lab.ts'
import { atLeast, atMost, inTurn, type Bench, type Row, type Scenario } from '../scenario.ts'
import { startDeltatape, startRaw } from '../sides.ts'
import { percentile } from '../statistics.ts'

const DELTAS = 200
const CONNECTIONS = [1, 16, 64, 256]
const WARM_UP_MS = 1500

export const ws: Scenario = {
  name: 'ws',
  about: 'replay over /ws-stream: frames a second, time to the first one',
  async run(bench) {
    const answer = answerTo(inputAt(0), DELTAS)
    const sides = await startSides(bench, answer)
    const frames: Row[] = []
    const first: Row[] = []
    for (const connections of bench.brief ? [1, 16] : CONNECTIONS) {
      const load = ({ url }: Running) => loadAnswer(url, answer, connections, bench.windowMs)
      const what = `ws: ${counted(connections)}`
      const [ours = [], corked = [], plain = []] = await inTurn(
        bench,
        what,
        sides.map((side) => () => load(side)),
      )
      const perSecond = (figures: TurnFigures[]) =>
        figures.map(({ turnsPerSecond }) => turnsPerSecond * answer.frames.length)
      const share = (figures: TurnFigures[], part: number) => figures.map(({ firstMs }) => percentile(firstMs, part))
      frames.push(
        {
          what: `${counted(connections)} vs corked limit`,
          ours: perSecond(ours),
          against: perSecond(corked),
          ...(connections === 16 ? { goal: atLeast(1.5) } : {}),
        },
        {
          what: `${counted(connections)} vs plain ws`,
          ours: perSecond(ours),
          against: perSecond(plain),
          ...(connections === 16 ? { goal: atLeast(8) } : {}),
        },
      )
      first.push(
        {
          what: `${counted(connections)}, p50 vs plain ws`,
          ours: share(ours, 0.5),
          against: share(plain, 0.5),
          ...(connections === 1 ? { goal: atMost(2) } : {}),
        },
        {
          what: `${counted(connections)}, p99 vs plain ws`,
          ours: share(ours, 0.99),
          against: share(plain, 0.99),
        },
      )
    }
    await Promise.all(sides.map((side) => side.stop()))
    return [
      { title: `Replay over /ws-stream, ${answer.frames.length} frames an answer`, unit: 'frames/s', rows: frames },
      { title: 'Time to the first frame', unit: 'ms', rows: first },
    ]
  },
}

const counted = (connections: number) => `${connections} ${connections === 1 ? 'connection' : 'connections'}`

/** Starts deltatape, the corked limit and the plain server on one answer; each is made sure to send it, and warmed up. */
export async function startSides({ lab, say }: Bench, answer: Answer): Promise<Running[]> {
  const dir = await lab.folder()
  await writeFixture(dir, answer)
  const text = answer.frames.join('\n')
  const sides = await Promise.all([
    startDeltatape(lab, { FIXTURES_DIR: dir }),
    startRaw(lab, 'corked', text),
    startRaw(lab, 'plain', text),
  ])
  for (const { url } of sides) {
    say(`warming up ${url.host}`)
    const frames = await playTurn(url, '/ws-stream', answer.input)
    if (frames.join('\n') !== text) throw new Error(`${url.host} sent other frames than the answer has.`)
    await loadAnswer(url, answer, 4, WARM_UP_MS)
  }
  return sides
}

/** Has one answer replayed on several connections. */
export function loadAnswer(url: URL, answer: Answer, connections: number, windowMs: number): Promise<TurnFigures> {
  const answerBytes = wireBytes(answer.frames)
  return loadTurns({ url, path: '/ws-stream', connections, inputs: [answer.input], answerBytes, windowMs })
}
