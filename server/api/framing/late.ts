/** A JSON body that turns out to be lines of JSON when the second one begins. */
import { parseEvent } from '../event.ts'
import { type AnswerRecord, textOf } from '../record.ts'
import { type RecordReader, viewOf, wireOf } from './framing.ts'
import { createPlainReader } from './plain-reader.ts'
import { createRest } from './rest.ts'

const [LF, CR, END_BRACE, BRACE] = [0x0a, 0x0d, 0x7d, 0x7b]
const BLANK = new Set([0x09, 0x0a, 0x0d, 0x20])
const NONE = Buffer.alloc(0)

/** A first line may have so many bytes, and so much white space after it. */
const [MAX_LINE_BYTES, MAX_BLANK_BYTES] = [1024 * 1024, 64]

/** Reads a body that is JSON, or lines of it. */
export interface LateReader extends RecordReader {
  /** Whether it is lines. */
  areLines(): boolean
}

/**
 * Hands on JSON as it arrives. Nothing within JSON begins after the end of an object and a line feed: where something does,
 * they are lines. The line feed waits for what comes after it, and carries the event of the first line if that was handed
 * on already.
 */
export function createLateReader(lines: RecordReader): LateReader {
  const pieces = createPlainReader()
  /** The first line, as far as it was handed on. */
  const first = createRest()
  /** The white space after it. */
  let blank = NONE
  let state: 'first' | 'between' | 'json' | 'lines' = 'first'

  const asJson = (bytes: Buffer, at: number): AnswerRecord[] => {
    state = 'json'
    first.take(NONE)
    const all = blank.length > 0 ? Buffer.concat([blank, bytes]) : bytes
    blank = NONE
    return pieces.read(all, at)
  }
  const asLines = (bytes: Buffer, at: number): AnswerRecord[] => {
    const line = wireOf(first.take(NONE))
    const event = typeof line === 'string' ? parseEvent(line, at) : undefined
    if (!event) return asJson(bytes, at)
    state = 'lines'
    const rest = Buffer.concat([blank, bytes])
    const end = rest.indexOf(LF) + 1
    return [{ at, wire: wireOf(rest.subarray(0, end)), event }, ...lines.read(rest.subarray(end), at)]
  }
  const between = (bytes: Buffer, at: number): AnswerRecord[] => {
    const next = bytes.findIndex((byte) => !BLANK.has(byte))
    if (next !== -1) return bytes[next] === BRACE ? asLines(bytes, at) : asJson(bytes, at)
    if (blank.length + bytes.length > MAX_BLANK_BYTES) return asJson(bytes, at)
    blank = Buffer.concat([blank, bytes])
    return []
  }
  const inFirst = (chunk: Buffer, at: number): AnswerRecord[] => {
    const bytes = blank.length > 0 ? Buffer.concat([blank, chunk]) : chunk
    blank = NONE
    const feed = bytes.indexOf(LF)
    if (first.length() + bytes.length > MAX_LINE_BYTES && feed === -1) return asJson(bytes, at)
    // A CR may be the first half of the end of the line.
    if (feed === -1 && bytes.at(-1) === CR) blank = Buffer.of(CR)
    const end = feed === -1 ? bytes.length - blank.length : endOfText(bytes, feed)
    const last = end > 0 ? bytes[end - 1] : first.last()
    if (feed !== -1 && last !== END_BRACE) return asJson(bytes, at)
    const rest = bytes.subarray(end)
    if (feed !== -1 && first.length() === 0 && rest.find((byte) => !BLANK.has(byte)) === BRACE) {
      if (!parseEvent(bytes.toString('utf8', 0, end), at)) return asJson(bytes, at)
      state = 'lines'
      return lines.read(bytes, at)
    }
    const line = bytes.subarray(0, end)
    first.add(line)
    const given = pieces.read(line, at)
    if (feed === -1) return given
    state = 'between'
    return [...given, ...between(rest, at)]
  }
  return {
    areLines: () => state === 'lines',
    read: (bytes, at) => ({ first: inFirst, between, json: pieces.read, lines: lines.read })[state](viewOf(bytes), at),
    end: (at, clean) => (state === 'lines' ? lines.end(at, clean) : [...asJson(NONE, at), ...pieces.end(at, clean)]),
  }
}

/** Where the white space begins that stands before an index. */
function endOfText(bytes: Buffer, before: number): number {
  let end = before
  while (end > 0 && BLANK.has(bytes[end - 1] ?? 0)) end--
  return end
}

/** The records with a first line that was handed on in pieces as one record; the very same list if it was not. */
export function joinFirstLine(records: readonly AnswerRecord[]): readonly AnswerRecord[] {
  const last = records.findIndex(({ event }) => event)
  const tail = records[last]
  if (!tail?.event || typeof tail.wire !== 'string' || tail.wire.trim() !== '') return records
  let start = last
  for (let length = 0; start > 0 && length < tail.event.text.length;) length += records[--start]?.wire.length ?? 0
  const wire = textOf(records.slice(start, last + 1))
  return wire === undefined ? records : [...records.slice(0, start), { ...tail, wire }, ...records.slice(last + 1)]
}
