/** How large an event, a line and a body may be. */
import { describe, expect, test } from 'vitest'
import { any } from '../../server/api/any.ts'
import { eventsIn } from '../../server/api/record.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { callOf } from '../kit/calls.ts'
import { message } from '../kit/messages.ts'
import { type Answer, sse } from '../kit/standin.ts'
import { bodyOf, drain, liveFrom, runStandIn } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const MAX = 2000
const TOO_LARGE = { code: 'upstream_malformed', message: expect.stringContaining('2000 bytes (MAX_EVENT_BYTES)') }
const GOOD = compose('meter').text(words('Hello there')).completed()

async function ask(answer: Answer, call: ReturnType<typeof callOf> = callOf(ASK)) {
  const standIn = await runStandIn(() => answer)
  const answered = await drain(liveFrom(standIn, { maxEventBytes: MAX }), call)
  return { ...answered, closed: await standIn.calls[0]?.closed }
}

describe('too large is', () => {
  test('a line without an end: the connection is let go, and nothing of it is handed on', async () => {
    const raw = 'a'.repeat(500)
    const { records, error, closed } = await ask({
      steps: [
        ...steps(GOOD.slice(0, 2)),
        { raw: 'data: {"type":"' },
        ...Array.from({ length: 9 }, () => ({ raw })),
        'hang',
      ],
    })
    expect(error).toMatchObject(TOO_LARGE)
    expect(bodyOf(records)).toBe(GOOD.slice(0, 2).map(sse).join(''))
    expect(closed).toEqual({ whole: false })
  })

  test('an event that came in one piece; what came before it is handed on', async () => {
    const { records, error } = await ask({
      steps: [{ raw: `: hi\n\ndata: {"type":"x","text":"${'a'.repeat(MAX)}"}\n\n` }, 'hang'],
    })
    expect(error).toMatchObject(TOO_LARGE)
    expect(bodyOf(records)).toBe(': hi\n\n')
  })

  test.each(['application/json', 'text/html'])('a body of %s without an end', async (type) => {
    const raw = ' '.repeat(500)
    const { error } = await ask({
      headers: { 'content-type': type },
      steps: [{ raw: '{' }, ...Array.from({ length: 9 }, () => ({ raw, after: 1 })), 'hang'],
    })
    expect(error).toMatchObject(TOO_LARGE)
  })
})

test('a sound of any length is not too large', async () => {
  const sound = Uint8Array.from({ length: 3 * MAX }, (_, index) => (index * 167) % 256)
  const speech = callOf({ input: 'Say hi', stream: undefined }, { path: '/v1/audio/speech' })
  const { records, error } = await ask({ headers: { 'content-type': 'audio/mpeg' }, body: sound }, speech)
  expect(error).toBeUndefined()
  expect(records.reduce((size, { wire }) => size + wire.length, 0)).toBe(sound.length)
})

describe('too large, whatever the framing, is', () => {
  const long = 'a'.repeat(500)
  const framings: readonly (readonly [
    type: string,
    first: string | Uint8Array,
    begun: string | Uint8Array,
    rest: string,
  ])[] = [
    ['text/event-stream', 'data: {}\n\n', 'data: {"type":"', long],
    ['application/x-ndjson', '{}\n', '{"type":"', long],
    ['application/json', '[{}', ',{"type":"', long],
    ['application/json', '[{}', ',', '['.repeat(500)],
    ['application/vnd.amazon.eventstream', message('{}', {}), message('x'.repeat(2 ** 24), {}).subarray(0, 12), long],
  ]

  test.each(framings)('what has no end: %s', async (type, first, begun, rest) => {
    const { records, error, closed } = await ask(
      {
        headers: { 'content-type': type },
        steps: [{ raw: first }, { raw: begun }, ...Array.from({ length: 20 }, () => ({ raw: rest, after: 1 })), 'hang'],
      },
      callOf({}, { api: any, path: '/v1/x' }),
    )
    expect(error).toMatchObject(TOO_LARGE)
    expect(eventsIn(records)).toHaveLength(1)
    expect(closed).toEqual({ whole: false })
  })

  test.each(framings)('what came at once: %s', async (type, first, begun, rest) => {
    const { error } = await ask(
      {
        headers: { 'content-type': type },
        body: Buffer.concat([first, begun, rest.repeat(20)].map((each) => Buffer.from(each))),
      },
      callOf({}, { api: any, path: '/v1/x' }),
    )
    expect(error).toMatchObject(TOO_LARGE)
  })
})

describe('not too large is', () => {
  test('an answer of many events, and comments without end', async () => {
    const many = GOOD.flatMap((event) => [{ raw: ': ping\n\n'.repeat(500) }, { event }])
    const { error, events } = await ask({ steps: many })
    expect([error, events.at(-1)?.type]).toEqual([undefined, 'response.completed'])
  })

  test('a file of an API that is not known', async () => {
    const { error, records } = await ask(
      { headers: { 'content-type': 'text/csv' }, body: 'a,b\n'.repeat(MAX) },
      callOf({}, { api: any, path: '/v1/files/f/content' }),
    )
    expect([error, bodyOf(records).length]).toEqual([undefined, 4 * MAX])
  })
})
