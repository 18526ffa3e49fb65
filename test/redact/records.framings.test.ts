/** Secrets in every framing: inside data, around it, over several records, and in what was cut or damaged. */
import { describe, expect, test } from 'vitest'
import { type FramingName, createReader } from '../../server/api/framing/index.ts'
import { apiNamed } from '../../server/api/index.ts'
import { type AnswerRecord, bytesOf } from '../../server/api/record.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { message } from '../kit/messages.ts'
import { SECRETS } from './samples.ts'

const known = 'the-c0nfigured-key'
const secret = SECRETS['openai-key']
const [first, second] = [secret.slice(0, 15), secret.slice(15)]
const redactor = createRedactor({ 'api-key': known })
const any = apiNamed('any')

const [SSE, LINES, JSON_TYPE, AWS] = [
  'text/event-stream',
  'application/x-ndjson',
  'application/json',
  'application/vnd.amazon.eventstream',
]
const HEADERS = { ':event-type': 'chunk', ':message-type': 'event' }
const CLEAN = message('{"clean":1}', HEADERS)

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const carried = (text: string): Buffer =>
  message(JSON.stringify({ bytes: base64(JSON.stringify({ type: 'delta', delta: { text } })), p: 'ab' }), HEADERS)
const damaged = (bytes: Buffer): Buffer => {
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes
}
const join = (...parts: readonly (string | Uint8Array | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

function read(type: string, body: Buffer): { framing: FramingName; records: readonly AnswerRecord[] } {
  const reader = createReader([['content-type', type]])
  const records = [...reader.read(body, 1), ...reader.end(2, false)]
  return { framing: reader.framing(), records }
}

/** Bodies that hold a secret, by framing; each has a record beside it that is clean where the framing has records. */
const BODIES: readonly (readonly [what: string, type: string, framing: FramingName, body: Buffer])[] = [
  ['an event', SSE, 'sse', join(`data: {"a":"${secret}"}\n\ndata: {"clean":1}\n\n`)],
  ['data', SSE, 'sse', join(`data: my ${secret}\n\ndata: {"clean":1}\n\n`)],
  ['an id', SSE, 'sse', join(`id: ${secret}\ndata: {}\n\n`)],
  ['data in two lines', SSE, 'sse', join(`data: {"a":"x",\r\ndata: "b":"${secret}"}\r\n\r\n`)],
  ['two events', SSE, 'sse', join(`data: {"t":"${first}"}\n\ndata: {"t":"${second}"}\n\n`)],
  ['an event that was cut', SSE, 'sse', join(`data: {"clean":1}\n\ndata: {"a":"${secret}`)],
  ['an event that is no UTF-8', SSE, 'sse', join(`data: {"a":"${secret} `, [0xff], '"}\n\ndata: {"clean":1}\n\n')],
  ['a line', LINES, 'lines', join(`{"a":"${secret}"}\r\n{"clean":1}\r\n`)],
  ['a line that is no JSON', LINES, 'lines', join(`${secret}\n"${secret}"\n{"clean":1}\n`)],
  ['two lines', LINES, 'lines', join(`{"t":"${first}"}\n{"t":"${second}"}\n`)],
  ['a line that was cut', LINES, 'lines', join(`{"clean":1}\n{"a":"${secret}`)],
  ['a line that is no UTF-8', LINES, 'lines', join(`{"a":"${secret} `, [0xff], '"}\n{"clean":1}\n')],
  ['elements', JSON_TYPE, 'array', join(`[{"a":"${secret}"}\r\n,\r\n{"b":"${secret}"}]`)],
  ['two elements', JSON_TYPE, 'array', join(`[{"t":"${first}"}\n,\n{"t":"${second}"}]`)],
  ['an element over several lines', JSON_TYPE, 'array', join(`[{\n  "t": "${secret}"\n}\n,\n{\n  "clean": 1\n}\n]\n`)],
  ['what is no object', JSON_TYPE, 'array', join(`[{"clean":1},"${secret}"]`)],
  ['an element that was cut', JSON_TYPE, 'array', join(`[{"clean":1},{"x":"${secret}`)],
  ['a payload', AWS, 'eventstream', join(message(`{"a":"${secret}"}`, HEADERS), CLEAN)],
  ['two payloads', AWS, 'eventstream', join(...[first, second].map((t) => message(JSON.stringify({ t }), HEADERS)))],
  ['a payload that is text', AWS, 'eventstream', join(message(secret, HEADERS), CLEAN)],
  ['a header', AWS, 'eventstream', join(message('{}', { ...HEADERS, x: secret }), CLEAN)],
  ['a header of a message without a payload', AWS, 'eventstream', join(message('', { x: known }), CLEAN)],
  ['a header that is bytes', AWS, 'eventstream', join(message('{}', { x: { bytes: base64(secret) } }), CLEAN)],
  [
    'an error in headers',
    AWS,
    'eventstream',
    message('', { ':message-type': 'error', ':error-message': `no ${secret}` }),
  ],
  ['what a message carries', AWS, 'eventstream', join(carried(`key ${secret}.`), CLEAN)],
  ['what a message carries, if it is configured', AWS, 'eventstream', join(carried(`key ${known}.`), CLEAN)],
  ['what two messages carry', AWS, 'eventstream', join(carried(first), carried(second))],
  ['a message with a wrong checksum', AWS, 'eventstream', join(damaged(message(`{"a":"${secret}"}`, HEADERS)), CLEAN)],
  [
    'a message that was cut',
    AWS,
    'eventstream',
    join(CLEAN, message(`{"a":"${secret} and more"}`, HEADERS).subarray(0, -12)),
  ],
  ['JSON', JSON_TYPE, 'json', join(`\n {\n  "a": "${secret}"\n}\n`)],
  ['JSON that was cut', JSON_TYPE, 'json', join(`{\n  "a": "${secret}`)],
  ['text', 'text/plain', 'text', join(`It is ${secret}.`)],
  ['bytes', 'audio/mpeg', 'text', join([0xff, 0xfe], secret, [0xff, 0, 0])],
]

/** All of a body that can be read: what stands in base64, too. */
function readable(body: Buffer): string {
  const text = body.toString('latin1')
  const decoded = [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)].map(([found]) =>
    Buffer.from(found, 'base64').toString(),
  )
  return [text, ...decoded].join('\n')
}

describe.each(BODIES)('a secret in %s (%s)', (_what, type, framing, body) => {
  const before = read(type, body)

  test('is taken out, and told', async () => {
    expect(before.framing).toBe(framing)
    const told: [string, AnswerRecord][] = []
    const written = await redactor.records(before.records, any, (kind, record) => told.push([kind, record]))
    for (const piece of [secret, first, second, known]) expect(readable(bytesOf(written))).not.toContain(piece)
    expect(new Set(told.map(([kind]) => kind)).size).toBe(1)
    // Of what is told the record is one of those that were given, or one that took its place.
    expect(told.every(([, { at }]) => before.records.some((record) => record.at === at))).toBe(true)
  })

  test('leaves the others as they are, and lengths and checksums that are true', async () => {
    const written = await redactor.records(before.records, any)
    expect(written).toHaveLength(before.records.length)
    for (const [index, record] of before.records.entries()) {
      const holds = [secret, first, second, known].some((piece) => readable(bytesOf([record])).includes(piece))
      if (!holds) expect(written[index]).toBe(record)
    }
    const again = read(type, bytesOf(written))
    expect(again.framing).toBe(framing)
    expect(again.records.map(({ event, data }) => [event?.text, data])).toEqual(
      written.map(({ event, data }) => [event?.text, data]),
    )
    expect(await redactor.records(again.records, any)).toBe(again.records)
  })
})

test('what stands in the place of a secret in bytes is as long', async () => {
  const body = join([0xff], secret, [0xff, 0], 'AKIA', 'IOSFODNN7EXAMPLE', [0xff])
  const records = Array.from(body, (_byte, at) => ({ at, wire: Uint8Array.from(body.subarray(at, at + 1)) }))
  const written = bytesOf(await redactor.records(records, any))
  expect(written.length).toBe(body.length)
  expect(written.toString('latin1')).toBe(
    `\u00ff[redacted:openai-key]${'*'.repeat(secret.length - 21)}\u00ff\0[redacted:aws-key]**\u00ff`,
  )
})

test('bytes that hold no secret are the very same', async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7919) >> 3)
  const records = [
    { at: 0, wire: bytes },
    { at: 1, wire: 'text' },
  ]
  expect(await redactor.records(records, any)).toBe(records)
})
