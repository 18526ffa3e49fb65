import { DELTA_CHARS, MODEL, answerTo, inputAt, writeFixture } from '../answers.ts'
import { loadStreams, readStream } from '../load/streams.ts'
import { atLeast, inTurn, type Row, type Scenario } from '../scenario.ts'
import { installAimock, startAimock, startDeltatape, startRaw } from '../sides.ts'

/** With the eight events around them, 110. */
const DELTAS = 102
const CONNECTIONS = 50
const WARM_UP_MS = 2500

export const sse: Scenario = {
  name: 'sse',
  about: 'POST /v1/responses, streamed: streams a second, aimock, too',
  async run(bench) {
    const { lab, brief, windowMs, say } = bench
    if (!brief) installAimock()
    const answer = answerTo(inputAt(0), DELTAS)
    const dir = await lab.folder()
    await writeFixture(dir, answer)
    const sides = await Promise.all([
      startDeltatape(lab, { FIXTURES_DIR: dir }),
      startRaw(lab, 'one-piece', answer.body),
      ...(brief ? [] : [startAimock(lab, answer, DELTA_CHARS), startAimock(lab, answer)]),
    ])
    const load = (url: URL, ms: number) =>
      loadStreams({ url, model: MODEL, input: answer.input, connections: CONNECTIONS, windowMs: ms })
    for (const { url } of sides) {
      say(`warming up ${url.host}`)
      let events = 0
      let last = ''
      await readStream(url, MODEL, answer.input, (data) => {
        events++
        last = data
      })
      if (!last.includes('"response.completed"') || !last.includes(answer.text)) {
        throw new Error(`${url.host} did not send the answer, but ${events} events, and at last ${last}`)
      }
      await load(url, WARM_UP_MS)
    }
    const [ours = [], raw = [], ...aimock] = await inTurn(
      bench,
      'sse',
      sides.map(
        ({ url }) =>
          () =>
            load(url, windowMs),
      ),
    )
    await Promise.all(sides.map((side) => side.stop()))
    const rows: Row[] = [{ what: 'vs raw server, one piece', ours, against: raw, goal: atLeast(0.65) }]
    const [alike, own] = aimock
    if (alike) rows.push({ what: 'vs aimock, same deltas', ours, against: alike, goal: atLeast(6, 3) })
    if (own) rows.push({ what: 'vs aimock, its own larger deltas', ours, against: own })
    return [
      {
        title: `POST /v1/responses, ${answer.events.length} events, ${CONNECTIONS} connections`,
        unit: 'streams/s',
        rows,
      },
    ]
  },
}
