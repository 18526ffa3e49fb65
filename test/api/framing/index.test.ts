import { describe, expect, test } from 'vitest'
import { createReader } from '../../../server/api/framing/index.ts'
import { bytesOf, eventsIn } from '../../../server/api/record.ts'
import { message } from '../../kit/messages.ts'

const readerOf = (type?: string) => createReader(type === undefined ? [] : [['Content-Type', type]])

describe('the framing by the head', () => {
  test.each([
    ['text/event-stream; charset=utf-8', 'sse'],
    ['TEXT/EVENT-STREAM', 'sse'],
    ['application/json', 'json'],
    ['application/problem+json;charset=utf-8', 'json'],
    ['application/x-ndjson', 'lines'],
    ['application/stream+json', 'lines'],
    ['application/x-jsonl', 'lines'],
    ['application/jsonl', 'lines'],
    ['application/vnd.amazon.eventstream', 'eventstream'],
    ['audio/mpeg', 'text'],
    [undefined, 'text'],
  ])('%s is %s', (type, framing) => {
    expect(readerOf(type).framing()).toBe(framing)
  })
})

describe('the framing by the first bytes', () => {
  test.each([
    ['text/event-stream', '{"error":{}}', 'json'],
    ['text/event-stream', '\n\n  [{"error":{}}]', 'array'],
    ['text/event-stream', '\u{FEFF}<!doctype html>', 'text'],
    ['text/event-stream', '\ndata: {}\n\n', 'sse'],
    ['text/event-stream', ': {\n\n', 'sse'],
    ['text/event-stream', 'upstream connect error', 'sse'],
    ['text/event-stream', '', 'sse'],
    [undefined, '\n\ndata: {"a":1}\n\n', 'sse'],
    ['text/plain; charset=utf-8', 'event: a\ndata: {"a":1}\n\n', 'sse'],
    ['text/plain', '\u{FEFF}: ping\n\n', 'sse'],
    ['text/plain', 'database', 'text'],
    ['text/plain', 'dat', 'text'],
    ['text/plain', '', 'text'],
    ['application/json', 'data: {}\n\n', 'json'],
    ['application/octet-stream', 'data: {}\n\n', 'text'],
  ])('%s with %j is %s, in one piece and byte by byte', (type, body, framing) => {
    const bytes = Buffer.from(body)
    for (const size of [1, bytes.length + 1]) {
      const reader = readerOf(type)
      const records = []
      for (let at = 0; at < bytes.length; at += size) records.push(...reader.read(bytes.subarray(at, at + size), at))
      records.push(...reader.end(bytes.length, true))
      expect(reader.framing()).toBe(framing)
      expect(bytesOf(records).toString()).toBe(body)
      const events = framing === 'sse' ? [...body.matchAll(/data: \{/g)] : framing === 'array' ? [1] : []
      expect(eventsIn(records)).toHaveLength(events.length)
    }
  })
})

const LIES: readonly (readonly [type: string | undefined, body: string | Buffer, framing: string, events: number])[] = [
  ['application/octet-stream', '{"a":1}', 'json', 0],
  ['application/json', '{"a":1}\n{"a":2}\n', 'lines', 2],
  ['text/plain', '{"a":1}\n{"a":2}\n', 'lines', 2],
  ['text/event-stream', '{"a":1}\r\n{"a":2}\r\n', 'lines', 2],
  ['application/x-ndjson', '{\n  "a": 1\n}\n', 'json', 0],
  ['application/x-ndjson', '[{"a":1},\n{"a":2}]', 'array', 2],
  [undefined, '[{"a":1},\n{"a":2}]', 'array', 2],
  [undefined, '{"a":1}', 'json', 0],
  [undefined, ':\n\ndata: {"a":1}\n\n', 'sse', 1],
  ['text/plain', ':\r\n\r\ndata: {"a":1}\r\n\r\n', 'sse', 1],
  ...[undefined, 'text/event-stream', 'application/json', 'binary/octet-stream', 'text/html'].map(
    (type) => [type, message('{"a":1}', {}), 'eventstream', 1] as const,
  ),
]

test.each(LIES)('a body that is said to be %s is what its bytes are', (type, body, framing, events) => {
  const bytes = Buffer.from(body)
  for (const size of [1, 7, bytes.length]) {
    const reader = readerOf(type)
    const records = []
    for (let at = 0; at < bytes.length; at += size) records.push(...reader.read(bytes.subarray(at, at + size), at))
    records.push(...reader.end(bytes.length, true))
    expect([reader.framing(), eventsIn(records).length]).toEqual([framing, events])
    expect(bytesOf(records).equals(bytes)).toBe(true)
  }
})

test('what keeps a stream waiting before it begins is not held back', () => {
  const reader = readerOf('text/event-stream')
  expect(reader.read(Buffer.from('\n'), 1)).toEqual([{ at: 1, wire: '\n' }])
  expect(reader.read(Buffer.from('\n\n'), 2)).toHaveLength(2)
  expect(reader.read(Buffer.from('{"a":'), 3)).toEqual([{ at: 3, wire: '{"a":' }])
  expect(reader.framing()).toBe('json')
  expect(reader.read(Buffer.from('1}'), 4)).toEqual([{ at: 4, wire: '1}' }])
})
