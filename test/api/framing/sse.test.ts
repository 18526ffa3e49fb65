import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RecordReader } from '../../../server/api/framing/framing.ts'
import { createSseReader, encodeSseEvent, parseSseRecord } from '../../../server/api/framing/sse.ts'
import { type AnswerRecord, bytesOf, eventsIn } from '../../../server/api/record.ts'
import { compose, words } from '../../kit/answers.ts'

const EVENTS = compose('sse').text(words('naïve 👋🏽 façade — こんにちは\n')).completed()

const bytes = (text: string) => new TextEncoder().encode(text)

/** Feeds bytes in pieces and gives all records that came of them. */
function readAll(reader: RecordReader, body: Uint8Array, cuts: readonly number[] = [], clean = true): AnswerRecord[] {
  const edges = [0, ...cuts.filter((cut) => cut < body.length).toSorted((a, b) => a - b), body.length]
  const records = edges.slice(1).flatMap((edge, index) => reader.read(body.slice(edges[index], edge), index))
  return [...records, ...reader.end(edges.length, clean)]
}

const read = (text: string, cuts: readonly number[] = [], clean = true) =>
  readAll(createSseReader(), bytes(text), cuts, clean)

const wires = (records: readonly AnswerRecord[]) => records.map(({ wire }) => wire)

describe('createSseReader', () => {
  test('loses no byte of anything, however it is cut', () => {
    const piece = fc.oneof(
      fc.constantFrom('\n', '\r', '\r\n', ':', 'data: ', 'event: a', '{"a":1}', ' ', '\u{FEFF}', '👋').map(bytes),
      fc.uint8Array({ maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(100)), fc.boolean(), (pieces, cuts, clean) => {
        const body = Buffer.concat(pieces)
        expect(bytesOf(readAll(createSseReader(), body, cuts, clean)).equals(body)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('gives the same events however the bytes are cut, ended, commented and wrapped', () => {
    const arbitraryStyle = fc.record({
      end: fc.constantFrom('\n', '\r\n', '\r'),
      comment: fc.boolean(),
      bom: fc.boolean(),
      named: fc.boolean(),
      space: fc.boolean(),
      wrapped: fc.boolean(),
      blankEnd: fc.boolean(),
    })
    fc.assert(
      fc.property(arbitraryStyle, fc.array(fc.nat(20_000), { maxLength: 30 }), (style, cuts) => {
        const records = EVENTS.map((event) => {
          const text = JSON.stringify(event)
          // Between two members a JSON text may be broken.
          const data = style.wrapped ? text.replace(',"', '\n,"').split('\n') : [text]
          const lines = [
            ...(style.comment ? [': keep-alive', ':'] : []),
            ...(style.named ? [`event: ${String(event.type)}`] : []),
            ...data.map((line) => `data:${style.space ? ' ' : ''}${line}`),
          ]
          return lines.join(style.end)
        })
        const text = records.join(style.end.repeat(2)) + (style.blankEnd ? style.end.repeat(2) : '')
        const body = (style.bom ? '\u{FEFF}' : '') + text
        const found = read(body, cuts)
        expect(eventsIn(found).map((event) => event.text)).toEqual(EVENTS.map((event) => JSON.stringify(event)))
        expect(eventsIn(found).map(({ name }) => name)).toEqual(
          EVENTS.map(({ type }) => (style.named ? type : undefined)),
        )
        expect(wires(found).join('')).toBe(body)
      }),
    )
  })

  test('ends a record with its blank line, and gives comments and blank lines as soon as they are whole', () => {
    expect(wires(read('\n: a\n\n: b\n: c\ndata: {}\n\n\nevent: x\n: within\ndata: 1\n\n'))).toEqual([
      '\n',
      ': a\n\n',
      ': b\n',
      ': c\n',
      'data: {}\n\n',
      '\n',
      'event: x\n: within\ndata: 1\n\n',
    ])
    const reader = createSseReader()
    expect(reader.read(bytes(': ping\n'), 1)).toEqual([{ at: 1, wire: ': ping\n' }])
    expect(reader.read(bytes('\n'), 2)).toEqual([{ at: 2, wire: '\n' }])
    expect(reader.read(bytes(': pi'), 3)).toEqual([])
    expect(reader.read(bytes('ng\r\n\r'), 4)).toEqual([{ at: 4, wire: ': ping\r\n' }])
    expect(reader.read(bytes('\ndata: {}\r'), 5)).toEqual([{ at: 5, wire: '\r\n' }])
    expect(wires(reader.read(bytes('\n\r'), 6))).toEqual([])
    expect(wires(reader.read(bytes('\n'), 7))).toEqual(['data: {}\r\n\r\n'])
  })

  test('takes a bare CR for the end of a line as soon as the next byte is none of the same end', () => {
    expect(wires(read('data: 1\r\rdata: 2\r\r: x\r\r', [8, 9]))).toEqual(['data: 1\r\r', 'data: 2\r\r', ': x\r', '\r'])
  })

  test('gives a byte order mark to the first record, and does not take it for a part of its first line', () => {
    const [first, second] = read('\u{FEFF}data: {"a":1}\n\n\u{FEFF}data: {"a":2}\n\n', [1, 2])
    expect(first).toMatchObject({ wire: '\u{FEFF}data: {"a":1}\n\n', event: { text: '{"a":1}' } })
    expect(second).toEqual({ at: expect.any(Number), wire: '\u{FEFF}data: {"a":2}\n\n' })
    expect(wires(read('\u{FEFF}: a\n\u{FEFF}\n\n'))).toEqual(['\u{FEFF}: a\n', '\u{FEFF}\n\n'])
    expect(wires(read('\u{FEFF}\n\n', [1]))).toEqual(['\u{FEFF}\n', '\n'])
  })

  test('gives a record that is no UTF-8 as bytes, and those around it as text', () => {
    const body = Buffer.concat([
      bytes('data: {"a":"'),
      Buffer.from([0xc3, 0x28]),
      bytes('"}\n\ndata: {"b":"\u{FFFD}"}\n\n'),
    ])
    const records = readAll(createSseReader(), body, [13])
    expect(records[0]).toEqual({ at: 1, wire: new Uint8Array(body.subarray(0, 18)) })
    expect(records[1]?.event?.text).toBe('{"b":"\u{FFFD}"}')
  })

  test('keeps the JSON text as it was sent', () => {
    const text = '{ "type":"x" , "n":1.0, "u":"\\u00e9\u2028", "big":12345678901234567890 }'
    expect(read(`data: ${text}\n\n`)[0]?.event?.text).toBe(text)
  })

  test('takes the name of an event whose data has no type, and passes over one without data', () => {
    const events = eventsIn(
      read('event: ping\ndata:\n\nevent: error\ndata: {"message":"Oh"}\n\nevent:\ndata: {"a":1}\n\n'),
    )
    expect(events.map(({ type, name }) => [type, name])).toEqual([
      ['error', 'error'],
      ['', undefined],
    ])
  })

  test('tells data that is no JSON object from none at all', () => {
    const texts = [
      'data: [DONE]',
      'data: [1]',
      'data: a\ndata:  b',
      'data: ',
      'data',
      'id: 1',
      'database: 1',
      'data : 1',
    ]
    expect(texts.map((text) => read(`${text}\n\n`)[0]?.data)).toEqual([
      '[DONE]',
      '[1]',
      'a\n b',
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test.each([
    ['data: {"a":1}', true, '{"a":1}'],
    ['data: {"a":1}\n', true, '{"a":1}'],
    ['data: [DONE]', true, '[DONE]'],
    ['data: {"a":1', true, undefined],
    ['data: [DON', true, undefined],
    ['data: {"a":1}\n', false, undefined],
    ['data: [DONE]', false, undefined],
    ['\r', true, undefined],
  ])('%j at the end of the body, which ended cleanly: %s', (left, clean, meaning) => {
    const [, last, ...more] = read(`data: 1\n\n${left}`, [], clean)
    expect([last?.at, last?.wire, last?.event?.text ?? last?.data]).toEqual([2, left, meaning])
    expect(more).toEqual([])
  })

  test('costs no more for a record that comes in many pieces', () => {
    const record = `data: ${JSON.stringify({ text: 'x'.repeat(1_000_000) })}\n\n`
    const cuts = Array.from({ length: 100_000 }, (_, index) => index * 10)
    expect(read(record, cuts)[0]?.event?.body.text).toHaveLength(1_000_000)
  })
})

describe('encodeSseEvent', () => {
  test('lays a record out as it is read', () => {
    expect(encodeSseEvent('{"a":1}', 'x', '\n')).toBe('event: x\ndata: {"a":1}\n\n')
    expect(encodeSseEvent('{"a":1}', undefined, '\r\n')).toBe('data: {"a":1}\r\n\r\n')
    expect(encodeSseEvent('a\nb', 'x', '\r\n')).toBe('event: x\r\ndata: a\r\ndata: b\r\n\r\n')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom<'\n' | '\r\n'>('\n', '\r\n'), (text, eol) => {
        const data = text.toWellFormed().replaceAll('\r', '')
        if (data.trim() === '' || data.trim().startsWith('{')) return
        expect(parseSseRecord(encodeSseEvent(data, undefined, eol), 0).data).toBe(data)
      }),
    )
  })
})
