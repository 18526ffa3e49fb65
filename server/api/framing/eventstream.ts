/** AWS event streams (`application/vnd.amazon.eventstream`): a record for each message. Exact to the byte, checksums included. */
import { crc32 } from 'node:zlib'
import { isObject } from '../../base/json.ts'
import { type ModelEvent, parseEvent } from '../event.ts'
import type { AnswerRecord } from '../record.ts'
import { type Carrier, type Framing, type RecordReader, dataOf, replacedIn, viewOf, wireOf } from './framing.ts'
import { type MessageHeaders, decodeHeaders, encodeHeaders, withTexts } from './message-headers.ts'
import { createPlainReader } from './plain-reader.ts'
import { createRest } from './rest.ts'

/** The length of the message, the length of its headers, and a checksum of both: four bytes each. */
const PRELUDE_BYTES = 12

/** A checksum of the whole message. */
const END_BYTES = 4

/** The largest message: the largest payload and headers that clients of AWS take. A message that says more is none. */
const MAX_MESSAGE_BYTES = PRELUDE_BYTES + 128 * 1024 + 24 * 1024 * 1024 + END_BYTES

const NONE = Buffer.alloc(0)

/**
 * Reads messages. One whose checksum is wrong means nothing, and the next one follows it. Where no message begins, nothing
 * says where the next one would: from there on the bytes are handed on as they arrive.
 */
function createMessageReader(): RecordReader {
  const rest = createRest()
  const pieces = createPlainReader()
  let isLost = false
  /** How many bytes have to be there to go on. */
  let needed = PRELUDE_BYTES
  return {
    read(bytes, at) {
      const chunk = viewOf(bytes)
      const records: AnswerRecord[] = []
      let start = 0
      while (!isLost && rest.length() + chunk.length - start >= needed) {
        const missing = needed - rest.length()
        if (needed > PRELUDE_BYTES) {
          records.push(parse(rest.take(chunk.subarray(start, start + missing)), at))
          start += missing
          needed = PRELUDE_BYTES
        } else {
          const prelude = Buffer.concat([
            rest.first(PRELUDE_BYTES),
            chunk.subarray(start, start + Math.max(0, missing)),
          ])
          const length = lengthOf(prelude)
          isLost = length === undefined
          needed = length ?? needed
        }
      }
      if (isLost) return [...records, ...pieces.read(rest.take(chunk.subarray(start)), at)]
      rest.add(chunk.subarray(start))
      return records
    },
    end: (at, clean) => [...pieces.read(rest.take(NONE), at), ...pieces.end(at, clean)],
  }
}

/** The length of the message that begins so; undefined if none does. */
function lengthOf(prelude: Buffer): number | undefined {
  const [length, headers] = [prelude.readUInt32BE(0), prelude.readUInt32BE(4)]
  if (crc32(prelude.subarray(0, 8)) !== prelude.readUInt32BE(8)) return undefined
  const least = PRELUDE_BYTES + headers + END_BYTES
  return length >= least && length <= MAX_MESSAGE_BYTES ? length : undefined
}

interface Message {
  readonly headers: MessageHeaders
  readonly payload: Buffer
}

/** The message that some bytes are, if they are one whole message. */
function decode(wire: AnswerRecord['wire']): Message | undefined {
  const bytes = typeof wire === 'string' ? Buffer.from(wire) : viewOf(wire)
  if (bytes.length < PRELUDE_BYTES + END_BYTES || lengthOf(bytes) !== bytes.length) return undefined
  const end = bytes.length - END_BYTES
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) return undefined
  const start = PRELUDE_BYTES + bytes.readUInt32BE(4)
  const headers = decodeHeaders(bytes.subarray(PRELUDE_BYTES, start))
  return headers && { headers, payload: bytes.subarray(start, end) }
}

/** The bytes of a message; undefined if its headers cannot be written. */
function encode(headers: MessageHeaders, payload: Buffer): Uint8Array | undefined {
  const encoded = encodeHeaders(headers)
  if (encoded === undefined) return undefined
  const prelude = Buffer.alloc(PRELUDE_BYTES)
  prelude.writeUInt32BE(PRELUDE_BYTES + encoded.length + payload.length + END_BYTES, 0)
  prelude.writeUInt32BE(encoded.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const message = Buffer.concat([prelude, encoded, payload, Buffer.alloc(END_BYTES)])
  message.writeUInt32BE(crc32(message.subarray(0, -END_BYTES)), message.length - END_BYTES)
  return new Uint8Array(message)
}

/** The event that the payload of another one carries in base64, as the chunks do that Bedrock streams of a model. */
function carriedIn({ at, name, body: { bytes } }: ModelEvent): ModelEvent | undefined {
  if (typeof bytes !== 'string') return undefined
  const inner = parseEvent(Buffer.from(bytes, 'base64').toString('utf8'), at, name)
  return inner && inBase64(inner.text) === bytes ? inner : undefined
}

const inBase64 = (text: string): string => Buffer.from(text).toString('base64')

/** What a message means: an event if its payload is a JSON object. Of an error without a payload its headers say what it is. */
function parse(wire: AnswerRecord['wire'], at: number): AnswerRecord {
  const message = decode(wire)
  if (!message) return { at, wire: typeof wire === 'string' ? wire : wireOf(viewOf(wire)) }
  const { headers, payload } = message
  const kept = { at, wire: new Uint8Array(typeof wire === 'string' ? Buffer.from(wire) : wire) }
  const { ':message-type': kind, ':event-type': event, ':exception-type': exception } = headers
  const name = [exception, event].find((each) => typeof each === 'string')
  const outer = parseEvent(payload.toString('utf8'), at, name)
  const parsed = (outer && carriedIn(outer)) ?? outer
  if (parsed)
    return { ...kept, event: kind === 'exception' || kind === 'error' ? { ...parsed, isException: true } : parsed }
  const told = [headers[':error-code'], headers[':error-message']].filter((each) => typeof each === 'string').join(': ')
  const data = payload.length > 0 ? payload.toString('utf8') : told
  return data.trim() === '' ? kept : { ...kept, data }
}

/** A payload with another text for its data: in base64 if it carries that so. */
function payloadWith(text: string, before: string, clean: (text: string) => string): string {
  const outer = parseEvent(before, 0)
  const { bytes = '' } = (outer && carriedIn(outer) && outer.body) ?? {}
  return (typeof bytes === 'string' && bytes !== '' && replacedIn(before, bytes, inBase64(text), clean)) || text
}

const carrier: Carrier = {
  parse,
  describe({ wire }) {
    const message = decode(wire)
    if (!message) return undefined
    const { headers } = message
    const text = message.payload.toString('utf8')
    const outer = parseEvent(text, 0)
    const inner = outer && carriedIn(outer)
    return inner
      ? { text: inner.text, said: { headers, payload: { ...outer.body, bytes: '' } } }
      : { text, said: { headers } }
  },
  carry(text, { headers = {}, payload }, at) {
    if (payload !== undefined && !isObject(payload)) return '"payload" is no object'
    // What is no JSON is carried by nothing: it stands for a message that nobody can read.
    const isCarried = payload !== undefined && parseEvent(text, at) !== undefined
    const written = isCarried ? JSON.stringify({ ...payload, bytes: inBase64(text) }) : text
    const wire = isObject(headers) ? encode(headers, Buffer.from(written)) : undefined
    return wire ? parse(wire, at) : '"headers" are no headers of a message'
  },
  rewrite(record, text, clean) {
    const message = typeof record.wire === 'string' ? undefined : decode(record.wire)
    if (!message) return undefined
    const before = dataOf(record)
    const isKept = before === undefined || message.payload.length === 0
    // What the headers of an error say stands nowhere else; what is no data stays as it is.
    const payload = isKept ? message.payload : Buffer.from(payloadWith(text, message.payload.toString('utf8'), clean))
    const headers = withTexts(message.headers, clean)
    if ((before === undefined || text === before) && headers === message.headers) return record
    const wire = encode(headers, payload)
    return wire && parse(wire, record.at)
  },
}

/** Event streams of AWS. Their checksum tells them from anything else, whatever type they are said to be. */
export const eventstream = {
  types: /^application\/vnd\.amazon\.eventstream$/,
  begins(start: Buffer) {
    // No message is so long that its length begins otherwise.
    if (start[0] !== 0 && start[0] !== 1) return false
    return start.length < PRELUDE_BYTES ? undefined : lengthOf(start) !== undefined
  },
  reader: createMessageReader,
  carrier,
} satisfies Framing
