/** Bodies that were made to cost much: what reading them costs grows as they do, and no faster. */
import { expect, test } from 'vitest'
import { createReader } from '../../../server/api/framing/index.ts'
import { message } from '../../kit/messages.ts'

const times = (text: string, count: number): Buffer => Buffer.from(text.repeat(count))

const SSE = 'text/event-stream'
const LINES = 'application/x-ndjson'
const JSON_TYPE = 'application/json'
const AWS = 'application/vnd.amazon.eventstream'

const wrong = (bytes: Buffer): Buffer => {
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes
}

/** A body by its size, from 1 to 4. */
const BODIES: readonly (readonly [what: string, type: string, body: (size: number) => Buffer])[] = [
  ['a line of an event stream without an end', SSE, (size) => times('data: x', size * 150_000)],
  ['lines of one event without an end', SSE, (size) => times('data: x\n', size * 60_000)],
  ['names of one event', SSE, (size) => times('event: x\n', size * 60_000)],
  ['comments', SSE, (size) => times(':\n\n', size * 60_000)],
  ['blank lines', SSE, (size) => times('\n', size * 150_000)],
  ['events that end in bare CRs', SSE, (size) => times('data: 1\r\r', size * 60_000)],
  ['a line without an end', LINES, (size) => times('x', size * 1_000_000)],
  ['the smallest lines', LINES, (size) => times('{}\n', size * 40_000)],
  ['brackets', JSON_TYPE, (size) => times('[', size * 1_000_000)],
  ['brackets in an element', JSON_TYPE, (size) => Buffer.concat([times('[{"a":', 1), times('[', size * 500_000)])],
  ['the smallest elements', JSON_TYPE, (size) => Buffer.concat([times('[', 1), times('{},', size * 40_000)])],
  ['brackets that close nothing', JSON_TYPE, (size) => Buffer.concat([times('[{}', 1), times(']', size * 150_000)])],
  [
    'quotes and escapes',
    JSON_TYPE,
    (size) => Buffer.concat([times('[{"', 1), times(String.raw`\"]}`, size * 250_000)]),
  ],
  [
    'deep elements',
    JSON_TYPE,
    (size) => Buffer.from(`[${`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)},`.repeat(size * 60)}`),
  ],
  ['white space', JSON_TYPE, (size) => times(' ', size * 1_000_000)],
  ['objects in lines that are said to be one', JSON_TYPE, (size) => times('{"a":1}\n', size * 30_000)],
  [
    'a message that never ends',
    AWS,
    (size) => Buffer.concat([message(Buffer.alloc(2 ** 24), {}).subarray(0, 12), Buffer.alloc(size * 2_000_000)]),
  ],
  ['the smallest messages', AWS, (size) => Buffer.concat(Array.from({ length: size * 4000 }, () => message('', {})))],
  [
    'messages with wrong checksums',
    AWS,
    (size) => Buffer.concat(Array.from({ length: size * 4000 }, () => wrong(message('', {})))),
  ],
  ['bytes that begin characters', 'text/plain', (size) => Buffer.alloc(size * 1_000_000, 0xe2)],
]

/** The time of the processor that reading takes, in ms: that of others does not count. The least of some runs. */
function costOf(type: string, body: Buffer): number {
  const costs = Array.from({ length: 5 }, () => {
    const began = process.cpuUsage()
    const reader = createReader([['content-type', type]])
    for (let at = 0; at < body.length; at += 4096) reader.read(body.subarray(at, at + 4096), 0)
    reader.end(0, false)
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1000
  })
  return Math.min(...costs)
}

test.each(BODIES)('%s: four times as much costs about four times as much', (_what, type, body) => {
  const [small, large] = [costOf(type, body(1)), costOf(type, body(4))]
  // What is quadratic costs sixteen times as much; short times are those of the clock.
  expect(large).toBeLessThan(10 * Math.max(small, 10))
})

test.each([
  `text/${'json'.repeat(250_000)}/`,
  `application/${'json'.repeat(250_000)}/`,
  `application/${'a'.repeat(1_000_000)}/eventstream`,
  `text/plain${' '.repeat(1_000_000)}x`,
])('a content type that is long takes linear time', (type) => {
  const reader = createReader([['content-type', type]])
  reader.read(Buffer.from('{"a":1}'), 0)
  expect(reader.framing()).toBe('text')
})
