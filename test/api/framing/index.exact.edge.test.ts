/** What holds for every framing: bytes in are bytes out, however they are cut, and a record is there with its last byte. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FramingName, createReader } from '../../../server/api/framing/index.ts'
import { type AnswerRecord, bytesOf, eventsIn } from '../../../server/api/record.ts'
import { formatFixture, parseFixture } from '../../../server/fixture/file.ts'
import { type Asked, keyOf } from '../../../server/fixture/key.ts'
import { message } from '../../kit/messages.ts'

/** A body in parts, of which each ends what a reader can hand on by then; and the framing that they make. */
interface Sample {
  readonly type: string
  readonly framing: FramingName
  readonly parts: readonly Buffer[]
  /** The JSON texts of its events. */
  readonly events: readonly string[]
  /** Whether the end of a part shows only with what comes after it, or it holds no event. */
  readonly late: (index: number) => boolean
}

const json = fc
  .dictionary(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  .map((value) => JSON.stringify(value))

const bytes = (text: string): Buffer => Buffer.from(text)

const MARK = fc.constantFrom('', '', '\u{FEFF}')

/** Server-sent events: any line ends, mixed too; names, ids, times to try again, comments; with and without a last blank line. */
const sse: fc.Arbitrary<Sample> = fc
  .record({
    mark: MARK,
    events: fc.array(json, { minLength: 1, maxLength: 8 }),
    // A CR and a line feed after it are one end.
    eols: fc.oneof(
      fc.array(fc.constantFrom('\n', '\r\n'), { minLength: 1, maxLength: 5 }),
      fc.constant(['\r'] as ('\r' | '\n')[]),
    ),
    fields: fc.array(fc.subarray(['event: x', 'id: 1', 'retry: 10', ':', ': ping', 'event:y', 'unknown', 'id']), {
      minLength: 1,
      maxLength: 4,
    }),
    gap: fc.constantFrom('', ' '),
    isEnded: fc.boolean(),
  })
  .map(({ mark, events, eols, fields, gap, isEnded }) => {
    let line = 0
    const eol = () => eols[line++ % eols.length] ?? '\n'
    const parts = events.map((text, index) => {
      const own = (fields[index % fields.length] ?? []).filter((field) => !field.startsWith(':') || index > 0)
      // What begins with a comment is handed on before the rest of the record.
      const before = own.filter((field) => !field.startsWith(':')).map((field) => field + eol())
      const comments = own.filter((field) => field.startsWith(':')).map((field) => field + eol())
      const last = index === events.length - 1 && !isEnded ? '' : eol() + eol()
      return bytes(`${index === 0 ? mark : ''}${before.join('')}${comments.join('')}data:${gap}${text}${last}`)
    })
    const late = (index: number) => eols[0] === '\r' || (index === parts.length - 1 && !isEnded)
    return { type: 'text/event-stream', framing: 'sse' as const, parts, events, late }
  })

/** Lines of JSON: any line ends, blank lines, a last line without an end. */
const lines: fc.Arbitrary<Sample> = fc
  .record({
    mark: MARK,
    events: fc.array(json, { minLength: 1, maxLength: 8 }),
    eols: fc.array(fc.constantFrom('\n', '\r\n', '\n\n', '\r\n\n'), { minLength: 1, maxLength: 4 }),
    isEnded: fc.boolean(),
  })
  .map(({ mark, events, eols, isEnded }) => ({
    type: 'application/x-ndjson',
    framing: 'lines' as const,
    parts: events.map((text, index) => {
      const end = index === events.length - 1 && !isEnded ? '' : (eols[index % eols.length] ?? '\n')
      return bytes((index === 0 ? mark : '') + text + end)
    }),
    events,
    late: (index: number) => index === events.length - 1 && !isEnded,
  }))

/** A streamed array, with the separators that Google has, and others; pretty or not; with brackets and escapes in strings. */
const array: fc.Arbitrary<Sample> = fc
  .record({
    mark: MARK,
    values: fc.array(
      fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(fc.jsonValue(), fc.constantFrom('[{"', ']}\\', '\\"]')), {
        maxKeys: 3,
      }),
      { minLength: 1, maxLength: 6 },
    ),
    separator: fc.constantFrom('\r\n,\r\n', '\n,\n', ',', ' , '),
    indent: fc.constantFrom(0, 2),
    others: fc.constantFrom('', ',7', ',"]"'),
    end: fc.constantFrom(']', '\n]', '\r\n]\r\n'),
  })
  .map(({ mark, values, separator, indent, others, end }) => ({
    type: 'application/json; charset=UTF-8',
    framing: 'array' as const,
    parts: [
      ...values.map((value, index) =>
        bytes((index === 0 ? `${mark}[` : separator) + JSON.stringify(value, undefined, indent)),
      ),
      bytes(others + end.trimEnd()),
      bytes(end.slice(end.trimEnd().length)),
    ].filter((part) => part.length > 0),
    events: values.map((value) => JSON.stringify(value)),
    late: () => false,
  }))
  // One that is empty reads as the beginning of JSON in one piece.
  .filter(({ parts }) => /^(?:\u{FEFF})?\[\{/u.test(parts[0]?.toString() ?? ''))

/** Messages of AWS with headers of all types, and payloads that are JSON, something else, or nothing. */
const eventstream: fc.Arbitrary<Sample> = fc
  .array(
    fc.record({
      payload: fc.oneof(json, json, fc.constantFrom('', 'text')),
      headers: fc.record(
        {
          ':event-type': fc.constantFrom('contentBlockDelta', 'chunk'),
          yes: fc.constant(true),
          no: fc.constant(false),
          byte: fc.integer({ min: -128, max: 127 }).map((byte) => ({ byte })),
          short: fc.integer({ min: -32768, max: 32767 }).map((short) => ({ short })),
          int: fc.integer().map((int) => ({ int })),
          long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((long) => ({ long: String(long) })),
          time: fc.bigInt({ min: 0n, max: 2n ** 50n }).map((timestamp) => ({ timestamp: String(timestamp) })),
          bytes: fc.base64String().map((text) => ({ bytes: text })),
          uuid: fc
            .uint8Array({ minLength: 16, maxLength: 16 })
            .map((id) => ({ uuid: Buffer.from(id).toString('hex') })),
        },
        { requiredKeys: [] },
      ),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((messages) => ({
    type: 'application/vnd.amazon.eventstream',
    framing: 'eventstream' as const,
    parts: messages.map(({ payload, headers }) => message(payload, headers)),
    events: messages.flatMap(({ payload }) => (payload.startsWith('{') ? [payload] : [])),
    late: (index: number) => !messages[index]?.payload.startsWith('{'),
  }))

const SAMPLES = { sse, lines, array, eventstream }

const cuts = fc.array(fc.nat(5000), { maxLength: 40 })

/** What a reader makes of a body that came in pieces, one for each ms. */
function read(type: string, body: Buffer, at: readonly number[], clean = true) {
  const reader = createReader(type === '' ? [] : [['content-type', type]])
  const edges = [0, ...at.filter((cut) => cut < body.length).toSorted((a, b) => a - b), body.length]
  const records: AnswerRecord[] = edges
    .slice(1)
    .flatMap((edge, index) => reader.read(Uint8Array.from(body.subarray(edges[index], edge)), index))
  records.push(...reader.end(edges.length, clean))
  return { framing: reader.framing(), records }
}

const asked: Asked = { api: 'any', call: { method: 'POST', path: '/v1/x' }, request: {}, requestText: '{}' }

/** The records after they were written down and read again. */
const writtenDown = ({ framing, records }: ReturnType<typeof read>): readonly AnswerRecord[] =>
  parseFixture(
    formatFixture({
      ...asked,
      key: keyOf(asked),
      response: { status: 200, headers: [], framing },
      recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'x' },
      records,
      ending: { end: 'complete' },
      endedAt: 1e6,
    }),
    'x.jsonl',
  ).records

describe.each(Object.entries(SAMPLES))('%s', (_name, samples) => {
  test('gives the same bytes and events however it is cut, and once more from a fixture', () => {
    fc.assert(
      fc.property(samples, cuts, fc.boolean(), ({ type, framing, parts, events }, at, clean) => {
        const body = Buffer.concat(parts)
        const got = read(type, body, at, clean)
        expect(got.framing).toBe(framing)
        expect(bytesOf(got.records).equals(body)).toBe(true)
        const told = eventsIn(got.records).map(({ text }) => text)
        expect(told).toEqual(clean ? events : events.slice(0, told.length))
        const again = writtenDown(got)
        expect(again.map(({ at: time, wire }) => [time, wire])).toEqual(
          got.records.map(({ at: time, wire }) => [time, wire]),
        )
        expect(eventsIn(again).map(({ text, name }) => [text, name])).toEqual(
          eventsIn(got.records).map(({ text, name }) => [text, name]),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('hands on an event as soon as its last byte is there', () => {
    fc.assert(
      fc.property(samples, ({ type, parts, events, late }) => {
        const reader = createReader([['content-type', type]])
        let [seen, due] = [0, 0]
        for (const [index, part] of parts.entries()) {
          for (const byte of part) seen += eventsIn(reader.read(Uint8Array.of(byte), 0)).length
          due += late(index) ? 0 : 1
          expect(seen).toBeGreaterThanOrEqual(Math.min(due, events.length))
        }
        expect(seen + eventsIn(reader.end(0, true)).length).toBe(events.length)
      }),
      { numRuns: 200 },
    )
  })
})

describe('what is no stream of records', () => {
  const bodies = fc.oneof(
    fc
      .record({
        value: fc.jsonValue(),
        indent: fc.constantFrom(0, 2, 4),
        around: fc.constantFrom('', '\n         \n', '\u{FEFF}', '\r\n'),
      })
      .map(({ value, indent, around }) => ({
        type: 'application/json',
        body: bytes(around + JSON.stringify(value, undefined, indent) + (around === '\r\n' ? around : '')),
      })),
    fc.uint8Array({ maxLength: 200 }).map((all) => ({ type: 'audio/mpeg', body: Buffer.from(all) })),
    fc
      .tuple(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 4 }), fc.string({ unit: 'grapheme' }))
      .map(([one, junk, other]) => ({
        type: 'text/plain',
        body: Buffer.concat([bytes(one), Buffer.from(junk), bytes(other)]),
      })),
    fc.uint8Array({ maxLength: 100 }).map((all) => ({ type: '', body: Buffer.from(all) })),
  )

  test('gives the same bytes however it is cut, and once more from a fixture', () => {
    fc.assert(
      fc.property(bodies, cuts, ({ type, body }, at) => {
        const got = read(type, body, at)
        expect(bytesOf(got.records).equals(body)).toBe(true)
        expect(bytesOf(writtenDown(got)).equals(body)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('messages of AWS that lie', () => {
  const whole = message('{"a":1}', { ':event-type': 'x' })
  const flipped = (at: number): Buffer => {
    const other = Buffer.from(whole)
    other[at] = (other[at] ?? 0) ^ 1
    return other
  }

  test.each([
    ['a length that is wrong', 3],
    ['a length of headers that is wrong', 7],
    ['a checksum of its lengths that is wrong', 11],
    ['a header that is wrong', 14],
    ['a payload that is wrong', whole.length - 6],
    ['a checksum that is wrong', whole.length - 1],
  ])('%s: no byte is lost, and no event is made of it', (_what, at) => {
    const body = Buffer.concat([whole, flipped(at), whole])
    for (let size = 1; size <= body.length; size++) {
      const edges = Array.from({ length: Math.ceil(body.length / size) }, (_, index) => index * size)
      const got = read('application/vnd.amazon.eventstream', body, edges)
      expect(bytesOf(got.records).equals(body)).toBe(true)
      // Where lengths are right the next message is found.
      expect(eventsIn(got.records)).toHaveLength(at < 12 ? 1 : 2)
      expect(bytesOf(writtenDown(got)).equals(body)).toBe(true)
    }
  })
})
