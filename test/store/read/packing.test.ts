/** Records as bytes: whatever was read comes back. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventstream } from '../../../server/api/framing/eventstream.ts'
import { createReader } from '../../../server/api/framing/index.ts'
import type { AnswerRecord } from '../../../server/api/record.ts'
import { pack, unpack } from '../../../server/store/read/packing.ts'
import { absent, readAnswers } from '../../kit/corpus-any.ts'

/** What a body is cut into as it is recorded: so much of it comes at each of these times. */
function recordsIn(body: Uint8Array, type: string, times: readonly number[]): AnswerRecord[] {
  const reader = createReader([['content-type', type]])
  const size = Math.max(1, Math.ceil(body.length / times.length))
  const records = times.flatMap((at, index) => reader.read(body.subarray(index * size, (index + 1) * size), at))
  return [...records, ...reader.end(times.at(-1) ?? 0, true)]
}

const json = fc.json({ maxDepth: 3 })
const name = fc.constantFrom('response.created', 'message', 'größe', '')

/** Events, data over several lines, comments, cut ones, lines, arrays, anything. */
const piece = fc.oneof(
  fc.tuple(name, json).map(([of, text]) => `event: ${of}\ndata: ${text}\n\n`),
  fc.tuple(json, json).map(([a, b]) => `data: {"type":"x","a":${a},\ndata: "b":${b}}\r\n\r\n`),
  json.map((text) => `data: {"event_type":"y","error":${text}}\n\n`),
  json.map((text) => `{"text":${text}}\n`),
  json.map((text) => `[{\n  "text": ${text}\n},`),
  fc.constantFrom(': ping\n\n', 'data: [DONE]\n\n', 'data: {"cut', '\n\n', '\u{FEFF}', 'ä€😀', ']'),
  fc.string({ unit: 'binary' }),
)

/** Messages of an AWS event stream: events, in base64 or not, exceptions, what is no JSON. */
const message = fc
  .record({
    payload: fc.oneof(
      json.map((text) => `{"type":"a","text":${text}}`),
      fc.string(),
    ),
    kind: fc.constantFrom('event', 'exception', 'error'),
    isCarried: fc.boolean(),
  })
  .map(({ payload, kind, isCarried }) => {
    const headers = { ':event-type': 'chunk', ':message-type': kind, ':error-code': 'Oh' }
    const text = isCarried ? JSON.stringify({ bytes: Buffer.from(payload).toString('base64') }) : payload
    const record = eventstream.carrier.carry(text, { headers }, 0, { eol: '\n' })
    return typeof record === 'string' ? Buffer.alloc(0) : Buffer.from(record.wire)
  })

const body = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join(''))),
  fc.array(message, { maxLength: 4 }).map((messages) => Buffer.concat(messages)),
  fc.uint8Array({ maxLength: 400 }),
)
const type = fc.constantFrom('text/event-stream', 'application/x-ndjson', 'application/json', '')
const time = fc.double({ min: 0, max: 1e9, noNaN: true })

test('records of any body come back, with their times, texts or bytes, events and data', () => {
  fc.assert(
    fc.property(body, type, fc.array(time, { minLength: 1, maxLength: 5 }), (bytes, of, times) => {
      const records = recordsIn(bytes, of, times)
      expect(unpack(pack(records))).toEqual(records)
    }),
    { numRuns: 300 },
  )
})

test('an exception of an event stream is one again', () => {
  const headers = { ':exception-type': 'throttled', ':message-type': 'exception' }
  const record = eventstream.carrier.carry('{"message":"slow down"}', { headers }, 7, { eol: '\n' })
  if (typeof record === 'string') throw new Error(record)
  expect(record.event).toMatchObject({ at: 7, name: 'throttled', type: 'throttled', isException: true })
  expect(unpack(pack([record]))).toEqual([record])
})

test('what only looks like the data of a record in its wire is not taken for it', () => {
  const records: AnswerRecord[] = [
    { at: 1, wire: 'data: a\n\ndata: a\n\n', data: 'a' },
    { at: 1, wire: 'no data', data: 'anything else' },
    { at: 2, wire: new Uint8Array([0xff, 0x0a, 0x00]), data: 'ä' },
    { at: 3, wire: '' },
  ]
  expect(unpack(pack(records))).toEqual(records)
  expect(unpack(pack([]))).toEqual([])
})

test('a stream takes an eighth of its bytes, and no memory beside', () => {
  const delta = (index: number) =>
    `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":${index},"item_id":"msg_1","output_index":0,"content_index":0,"delta":"word ${index}"}\n\n`
  const stream = Array.from({ length: 50 }, (_, index) => delta(index)).join('')
  const bytes = pack(recordsIn(Buffer.from(stream), 'text/event-stream', [1]))
  expect(bytes.byteLength).toBeLessThan(stream.length / 8)
  expect(bytes.buffer.byteLength).toBe(bytes.byteLength)
})

test.skipIf(absent)('records of real answers come back', () => {
  const answers = readAnswers().filter(({ body: { length } }, index) => length < 100_000 && index % 4 === 0)
  expect(answers.length).toBeGreaterThan(100)
  for (const { body: bytes, contentType } of answers) {
    const records = recordsIn(bytes, contentType, [1, 2, 3])
    expect(unpack(pack(records))).toEqual(records)
  }
})
