/** Faults in the page are the server's own: their words, and the place behind their `@`. */
import { expect, test } from 'vitest'
import { parsePlan } from '../../../server/model/faults.ts'
import { Heard, isWhole } from '../../../web/replay/heard.ts'
import { cutBy, expectedOf } from '../../../web/replay/expected.ts'
import {
  FAULT_KINDS,
  eventsBefore,
  eventsOf,
  faultIn,
  faultOf,
  recordsUntil,
  wordsOf,
} from '../../../web/replay/faults.ts'
import { connect } from '../../kit/client.ts'
import { runServer, temporaryFolder } from '../../kit/tools.ts'
import { fill, ofEveryApi, shelfOf } from '../../kit/shelf.ts'
import { sourcesOf } from '../../serve/page/kit.ts'

test.each(FAULT_KINDS)('the server takes the words of $kind', (kind) => {
  for (const after of kind.isPlaced ? [0, 7] : [0]) {
    const fault = faultOf(kind, after)
    const plan = parsePlan(wordsOf(fault))
    expect('faults' in plan && plan.faults).toMatchObject([{ kind: kind.kind, after }])
    expect(faultIn(wordsOf(fault))).toEqual(fault)
  }
})

test.each([
  '',
  'none',
  'reset@',
  'reset:3@4',
  'delay@4',
  'delay:5@4',
  'refuse:429@4',
  'a@1,b@2',
  'chaos:1:0.5',
  'RESET@1',
])('%j is no one fault of the menu', (words) => expect(faultIn(words)).toBeUndefined())

test('faults count events, not the records between them', () => {
  const events = eventsOf({
    types: ['(comment)', 'message_start', '[DONE]', '(no type)', '(data)', '(body)'],
    records: { at: [], bytes: [], wire: [], binary: [], type: [0, 1, 0, 3, 4, 2, 5] },
  })
  expect(events).toEqual([0, 0, 1, 1, 2, 2, 2, 2])
  expect([0, 1, 2, 3, 4, 7, 99].map((records) => eventsBefore(events, records))).toEqual([0, 0, 1, 1, 2, 2, 2])
  expect([0, 1, 2, 3].map((count) => recordsUntil(events, count))).toEqual([0, 2, 4, 7])
})

const PLACED = FAULT_KINDS.filter(({ isPlaced, ends }) => isPlaced && ends !== undefined)

test('a fault comes right after the events that the play head has passed: all frames before it, and none behind', async () => {
  const view = await sourcesOf('fixtures').view('my-name-is-ada-183f01058d02.jsonl')
  if (view.replay.how !== 'chat') throw new Error('It is no turn of a chat.')
  const server = await runServer({ FIXTURES_DIR: 'fixtures' })
  const expected = expectedOf(view, 'chat')
  const events = eventsOf(view)
  for (const kind of PLACED) {
    for (const head of [0, 1, 5, 6, events.length - 2]) {
      const fault = faultOf(kind, eventsBefore(events, head))
      const chat = await connect(`${server.url}/ws-stream?fault=${wordsOf(fault)}`)
      chat.send(view.replay.message)
      await (kind.ends === 'dropped' ? chat.closed : chat.turn())
      const cut = cutBy(view, expected, fault)
      const before = chat.transcript.slice(0, cut.length)
      expect([wordsOf(fault), before]).toEqual([wordsOf(fault), expected.frames.slice(0, cut.length)])
      const code = chat.transcript.slice(cut.length).map((frame) => JSON.parse(frame).code)
      expect([wordsOf(fault), code]).toEqual([wordsOf(fault), kind.ends === 'dropped' ? [] : [kind.ends]])
      await chat.close()
    }
  }
})

test.each(ofEveryApi().map(({ name, fixture }) => ({ name, fixture })))(
  'of $name, a body is cut where the play head stands',
  async ({ fixture }) => {
    const dir = await temporaryFolder()
    const shelf = shelfOf(fixture)
    await fill(dir, shelf)
    const view = await sourcesOf(dir).view(Object.keys(shelf)[0] ?? '')
    const server = await runServer({ FIXTURES_DIR: dir })
    const { replay } = view
    if (replay.how !== 'http') return
    const expected = expectedOf(view, 'http')
    const events = eventsOf(view)
    const play = async (fault: string): Promise<Heard> => {
      const heard = new Heard(expected)
      const target = `${server.url}${replay.target}${replay.target.includes('?') ? '&' : '?'}fault=${fault}`
      const headers = replay.headers.map(([header, value]): [string, string] => [header, value])
      const response = await fetch(target, { method: replay.method, headers, body: replay.body ?? null })
      try {
        for await (const chunk of response.body ?? []) heard.chunk(0, new Uint8Array(chunk))
        heard.end = { how: 'whole', at: 0 }
      } catch {
        heard.end = { how: 'broken', at: 0 }
      }
      return heard
    }
    expect(isWhole(await play('delay:0ms'))).toBe(true)
    const most = eventsBefore(events, events.length)
    for (const after of [1, Math.floor(most / 2)].filter((each) => each > 0 && each < most - 1)) {
      for (const name of ['truncate', 'reset'] as const) {
        const fault = faultIn(`${name}@${after}`)
        if (!fault) throw new Error(`There is no fault ${name}.`)
        const heard = await play(wordsOf(fault))
        expect([heard.difference, heard.length, heard.end?.how]).toEqual([
          undefined,
          cutBy(view, expected, fault).length,
          name === 'reset' ? 'broken' : 'whole',
        ])
      }
    }
  },
)
