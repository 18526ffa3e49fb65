/** Whether an answer of the Responses API is whole. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ending } from '../../../server/api/ending.ts'
import { createReader } from '../../../server/api/framing/index.ts'
import { parseSseRecord } from '../../../server/api/framing/sse.ts'
import type { AnswerRecord } from '../../../server/api/record.ts'
import { isTerminal } from '../../../server/api/responses/events.ts'
import { follow } from '../../../server/api/responses/follow.ts'
import { compose, words } from '../../kit/answers.ts'
import { STREAM, toRecords } from '../../kit/calls.ts'
import { absent, asSse, readCorpus } from '../../kit/corpus.ts'

type Json = Readonly<Record<string, unknown>>

/** How an answer ended, and after which of its records it could have been over. */
function followed(records: readonly AnswerRecord[]): { ending: Ending; settling: boolean[] } {
  const follower = follow()
  const settling = records.map((each) => follower.take(each) !== 'open')
  return { ending: follower.end(), settling }
}

const endOf = (records: readonly AnswerRecord[]): Ending => followed(records).ending

/** Records of a body with this content type, all of it at once, and then its clean end. */
function recordsOf(body: string | Buffer, type = 'text/event-stream'): AnswerRecord[] {
  const reader = createReader([['content-type', type]])
  return [...reader.read(Buffer.from(body), 0), ...reader.end(0, true)]
}

const data = (text: string) => parseSseRecord(`data: ${text}\n\n`, 0)
const comment = parseSseRecord(': keep-alive\n\n', 0)
const DONE = data('[DONE]')
const COMPLETE = { end: 'complete' }

const ENDED: Readonly<Record<string, readonly Json[]>> = {
  'response.completed': compose('f').text(words('Hello there')).completed(),
  'response.incomplete': compose('f').text(['Hello']).incomplete('max_output_tokens'),
  'response.failed': compose('f').text(['Hello']).cut().failed('server_error', 'Oh'),
  'an error event': [{ type: 'error', code: null, message: 'Oh', param: null }],
  'an error event and the response that follows it': compose('f').error('server_error', 'Oh'),
  'an error without a type': [{ error: { message: 'Oh' } }],
  'response.completed without a response': [{ type: 'response.completed' }],
}

describe('an event that ends the answer', () => {
  test.each(Object.entries(ENDED))('%s', (_what, events) => {
    const { ending, settling } = followed(toRecords(events))
    expect(ending).toEqual(COMPLETE)
    const end = toRecords(events).findIndex(({ event }) => event && isTerminal(event))
    // From then on what follows is waited for a moment only, and nothing of it takes the end back.
    expect(settling).toEqual(events.map((_event, index) => index >= end))
  })

  test('is one, whatever follows it', () => {
    const ended = toRecords(ENDED['response.completed'] ?? [])
    const after = [DONE, comment, data('{"type":'), ...toRecords([{ type: 'late' }, { type: 'error' }])]
    const { ending, settling } = followed([...ended, ...after])
    expect(ending).toEqual(COMPLETE)
    expect(settling.slice(ended.length - 1)).not.toContain(false)
  })
})

describe('an event of any type with a final response', () => {
  const partial = compose('f').text(['Hello']).cut().events

  test.each(['completed', 'incomplete', 'failed', 'cancelled'])('%s ends the answer if no event follows', (status) => {
    const done = { type: 'response.done', response: { id: 'resp_f', status } }
    for (const after of [[], [DONE], [comment], [comment, DONE, comment]]) {
      expect(endOf([...toRecords([...partial, done]), ...after])).toEqual(COMPLETE)
    }
    expect(followed(toRecords([...partial, done])).settling.at(-1)).toBe(true)
    // What looked like the end was none.
    const { ending, settling } = followed(toRecords([...partial, done, { type: 'response.output_text.delta' }]))
    expect([ending, settling.at(-1)]).toEqual([{ end: 'truncated' }, false])
  })

  test.each([
    { type: 'response.done', response: { status: 'in_progress' } },
    { type: 'response.done', response: {} },
    { type: 'response.done' },
    // A gateway may say "completed" from the first event on.
    { type: 'response.created', response: { status: 'completed' } },
    { type: 'response.queued', response: { status: 'completed' } },
    { type: 'response.in_progress', response: { status: 'completed' } },
  ])('is not %j', (event) => {
    const { ending, settling } = followed(toRecords([...partial, event]))
    expect([ending, settling.at(-1)]).toEqual([{ end: 'truncated' }, false])
  })
})

describe('an answer without its end', () => {
  const partial = toRecords(compose('f').text(['Hello']).cut().events)

  test.each<[string, readonly AnswerRecord[]]>([
    ['is truncated', partial],
    ['with [DONE] is truncated all the same', [...partial, DONE]],
    ['with comments', [...partial, comment]],
    ['that has not begun', []],
    ['that is nothing but comments', [comment, comment]],
    ['that is nothing but [DONE]', [DONE]],
    ['that was cut within an event', [...partial, { at: 0, wire: 'event: response.completed\ndata: {"type":"resp' }]],
    ['that was cut within the name of its first field', [{ at: 0, wire: 'even' }]],
    ['that was cut within its first event', recordsOf('event: response.created\ndata: {"type":"resp')],
  ])('%s', (_what, records) => {
    expect(endOf(records)).toEqual({ end: 'truncated' })
  })

  test('is never complete, wherever a stream is cut before its last event', () => {
    const body = asBytes(ENDED['response.completed'] ?? [])
    const end = body.lastIndexOf('event: response.completed')
    // The last blank line may be missing: SDKs take such an event, too.
    const whole = body.length - 1
    fc.assert(
      fc.property(fc.nat(body.length), (length) => {
        const { end: ended } = endOf(recordsOf(body.subarray(0, length)))
        expect(ended).toBe(length < whole - 1 ? 'truncated' : 'complete')
      }),
      { examples: [[end], [end + 10], [whole - 2], [whole - 1], [whole], [body.length]] },
    )
  })
})

const asBytes = (events: readonly Json[]): Buffer =>
  Buffer.from(
    toRecords(events)
      .map(({ wire }) => wire)
      .join(''),
  )

describe('what is no event', () => {
  test('before the end is malformed, and the first of it is why', () => {
    const [first, ...rest] = toRecords(ENDED['response.completed'] ?? [])
    const records = first ? [first, data('{"type":'), data('nonsense'), ...rest] : []
    expect(endOf(records)).toEqual({ end: 'malformed', why: '{"type":' })
  })

  test.each(['7', '[]', 'null', '"text"', 'hello', '{"type":', '[DONE', '[done]'])('may be %s', (text) => {
    expect(endOf([data(text)])).toEqual({ end: 'malformed', why: text })
  })

  test('is told in part if it is long, to the end of a character', () => {
    const ending = endOf([data(`${'x'.repeat(499)}👋${'x'.repeat(5000)}`)])
    const why = ('why' in ending && ending.why) || ''
    expect(why).toHaveLength(500)
    expect(why.isWellFormed()).toBe(true)
  })
})

describe('a body in one piece', () => {
  test.each<[string, Ending]>([
    ['{"id":"resp_1","object":"response","status":"completed"}', { end: 'complete' }],
    ['\n\n {\n  "id": "resp_1"\n}\n', { end: 'complete' }],
    ['{"error":{"message":"Oh"}}', { end: 'complete' }],
    ['{"id":"resp_1","object":', { end: 'truncated' }],
    ['{', { end: 'truncated' }],
    ['', { end: 'truncated' }],
    [' \n', { end: 'truncated' }],
    ['<!doctype html>\n<p>Please log in</p>', { end: 'malformed', why: '<!doctype html>\n<p>Please log in</p>' }],
    ['upstream connect error', { end: 'malformed', why: 'upstream connect error' }],
    ['[1]', { end: 'malformed', why: '[1]' }],
  ])('%j', (body, ending) => {
    for (const type of ['application/json', 'text/html', 'application/octet-stream']) {
      expect(endOf(recordsOf(body, type))).toEqual(ending)
    }
  })

  test('may come in any number of pieces', () => {
    const body = JSON.stringify({ id: 'resp_1', output: [{ text: 'é👋' }] }, null, 2)
    const pieces = [...body].map((wire) => ({ at: 0, wire }))
    expect(endOf(pieces)).toEqual(COMPLETE)
    expect(endOf(pieces.slice(0, -1))).toEqual({ end: 'truncated' })
  })
})

describe.skipIf(absent)(`real streams${absent ? ` (${absent})` : ''}`, () => {
  const streams = readCorpus()

  test('are what the corpus is said to hold', () => {
    expect(streams).toHaveLength(94)
  })

  test.each(streams.map((stream) => [stream.name, stream] as const))(
    '%s is whole, and cut it is not',
    (_name, stream) => {
      const records = recordsOf(asSse(stream), STREAM.headers[0]?.[1])
      expect(endOf(records)).toEqual(COMPLETE)
      const end = records.findIndex(({ event }) => event && isTerminal(event))
      expect(end).toBeGreaterThan(0)
      for (let length = 0; length < end; length += Math.ceil(end / 20)) {
        expect(endOf(records.slice(0, length))).toEqual({ end: 'truncated' })
      }
      expect(endOf(records.slice(0, end))).toEqual({ end: 'truncated' })
    },
  )
})
