/** Bedrock's Converse: AWS event streams, binary messages with two checksums each. */
import { crc32 } from 'node:zlib'
import { messages } from './messages.ts'
import { USAGE, type Wire, WORDS } from './wire.ts'

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A header whose value is a text (type 7). */
function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(Buffer.byteLength(value))
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.of(7), length, Buffer.from(value)])
}

/** One message: lengths and their checksum, headers, payload, the checksum of all. */
function messageOf(kind: 'event' | 'exception', name: string, payload: object): Buffer {
  const headers = Buffer.concat([
    header(`:${kind}-type`, name),
    header(':content-type', 'application/json'),
    header(':message-type', kind),
  ])
  const body = Buffer.from(JSON.stringify(payload))
  const prelude = Buffer.concat([uint32(16 + headers.length + body.length), uint32(headers.length)])
  const all = Buffer.concat([prelude, uint32(crc32(prelude)), headers, body])
  return Buffer.concat([all, uint32(crc32(all))])
}

const event = (name: string, payload: object) => messageOf('event', name, payload)

const usage = {
  inputTokens: USAGE.input,
  outputTokens: USAGE.output,
  totalTokens: USAGE.input + USAGE.output,
}

const start = event('messageStart', { p: 'abcdefgh', role: 'assistant' })

const delta = (part: object, p: string) => event('contentBlockDelta', { contentBlockIndex: 0, delta: part, p })

const end = (reason: string) => [
  event('contentBlockStop', { contentBlockIndex: 0, p: 'ab' }),
  event('messageStop', { p: 'abcdef', stopReason: reason }),
  event('metadata', { metrics: { latencyMs: 345 }, p: 'a', usage }),
]

export const converse: Wire = {
  path: /^\/model\/[^/]+\/converse(?:-stream)?$/,
  type: 'application/vnd.amazon.eventstream',
  headers: { 'x-amzn-requestid': 'b1946ac9-standin' },
  streams: ({ path }) => path.endsWith('-stream'),
  asks: [
    start,
    event('contentBlockStart', {
      contentBlockIndex: 0,
      p: 'abc',
      start: { toolUse: { name: 'get_weather', toolUseId: 'tooluse_standin' } },
    }),
    delta({ toolUse: { input: '{"city":' } }, 'abcd'),
    delta({ toolUse: { input: '"Paris"}' } }, 'abcde'),
    ...end('tool_use'),
  ],
  tells: [start, ...WORDS.map((text) => delta({ text }, 'abcdefghij')), ...end('end_turn')],
  error: messageOf('exception', 'throttlingException', { message: 'Too many tokens, please wait.' }),
  whole: JSON.stringify({
    metrics: { latencyMs: 345 },
    output: { message: { content: [{ text: WORDS.join('') }], role: 'assistant' } },
    stopReason: 'end_turn',
    usage,
  }),
}

/** What a model of Anthropic streams: the data of each of its events. */
const inner = (records: readonly Uint8Array[]) =>
  records.map((record) => {
    const [, data = ''] = /^data: (.*)$/m.exec(Buffer.from(record).toString()) ?? []
    return event('chunk', { bytes: Buffer.from(data.trimEnd()).toString('base64'), p: 'abcd' })
  })

/** Invoke, of a model of Anthropic. */
export const invoke: Wire = {
  ...converse,
  path: /^\/model\/[^/]+\/invoke(?:-with-response-stream)?$/,
  asks: inner(messages.asks),
  tells: inner(messages.tells),
  whole: messages.whole,
}
