/** The framings that are known, and how a body is told to be of one. A new one is a file and a row here. */
import { type Headers, headerOf } from '../headers.ts'
import type { AnswerRecord } from '../record.ts'
import { array } from './array.ts'
import { eventstream } from './eventstream.ts'
import { type Carrier, type Framing, MAX_START, type RecordReader, viewOf } from './framing.ts'
import { createLateReader } from './late.ts'
import { lines } from './lines.ts'
import * as plain from './plain.ts'
import { sse } from './sse.ts'

/** By the names that fixtures have for them. The first that a body may be counts; the last may be anything. */
const FRAMINGS = { eventstream, sse, array, lines, json: plain.json, text: plain.text } satisfies Readonly<
  Record<string, Framing>
>

/** How a body is cut into records. */
export type FramingName = keyof typeof FRAMINGS

export const isFraming = (name: unknown): name is FramingName =>
  typeof name === 'string' && Object.hasOwn(FRAMINGS, name)

const NAMES = Object.keys(FRAMINGS).filter(isFraming)

const framingOf = (name: FramingName): Framing => FRAMINGS[name]

/** How records of a framing carry data; undefined if they are whatever came at one time, and mean nothing by themselves. */
export const carrierOf = (name: FramingName): Carrier | undefined => framingOf(name).carrier

/** Whether a body is a stream of records, each of which means something by itself. */
export const isStream = (name: FramingName): boolean => carrierOf(name) !== undefined

/**
 * A record with another text for its data, in a wire of its framing: with the lengths and checksums that belong to it.
 *
 * @param text in place of the text of its event, or of its data
 * @param clean rewrites a text that stands around the data
 */
export function rewritten(record: AnswerRecord, text: string, clean: (text: string) => string): AnswerRecord {
  for (const name of NAMES) {
    const written = carrierOf(name)?.rewrite(record, text, clean)
    if (written) return written
  }
  return record
}

/** Reads a body whose framing may show only as it comes. */
export interface BodyReader extends RecordReader {
  /** The framing: by the head before the first bytes, and in the end by the bytes. */
  framing(): FramingName
}

/** The reader of a body, by the head of its answer. */
export function createReader(headers: Headers): BodyReader {
  const type = (headerOf(headers, 'content-type') ?? '').replace(/;.*/s, '').trim().toLowerCase()
  const hint = NAMES.find((name) => framingOf(name).types.test(type)) ?? 'text'
  let reader: BodyReader | undefined
  const untold = readerOf(hint)
  /** The bytes that do not yet say enough. */
  let held = Buffer.alloc(0)

  const told = (name: FramingName, at: number): AnswerRecord[] => {
    reader = name === hint && name !== 'json' ? untold : readerOf(name)
    return reader === untold ? [] : untold.end(at, false)
  }
  return {
    framing: () => reader?.framing() ?? hint,
    read(bytes, at) {
      if (reader) return reader.read(bytes, at)
      const start = held.length > 0 ? Buffer.concat([held, bytes]) : viewOf(bytes)
      const blank = start.findIndex((byte) => !BLANK.has(byte))
      // White space is handed on at once: no framing minds it. A byte order mark that is cut waits for its other bytes.
      if (blank === -1) {
        const mark = start.length - beginningOfMark(start)
        held = Buffer.from(start.subarray(mark))
        return untold.read(start.subarray(0, mark), at)
      }
      const name = sniff(start.subarray(blank), type)
      if (name === undefined) {
        held = Buffer.from(start)
        return []
      }
      held = Buffer.alloc(0)
      const given = told(name, at)
      return [...given, ...(reader ?? untold).read(start, at)]
    },
    end(at, clean) {
      const last = reader ?? untold
      const left = held
      held = Buffer.alloc(0)
      return [...last.read(left, at), ...last.end(at, clean)]
    },
  }
}

/** The framing of a body that begins so, after white space; undefined if there are too few bytes to say it. */
function sniff(start: Buffer, type: string): FramingName | undefined {
  for (const name of NAMES) {
    const begins = framingOf(name).begins(start, type)
    if (begins) return name
    if (begins === undefined && start.length < MAX_START) return undefined
  }
  return 'text'
}

/** How many bytes at the end begin a byte order mark, and do not end it. */
const beginningOfMark = (bytes: Buffer): number => (bytes.at(-1) === 0xef ? 1 : bytes.at(-2) === 0xef ? 2 : 0)

/** What may stand before the first byte that tells a framing: a line break, a blank, a part of a byte order mark. */
const BLANK = new Set([0x0a, 0x0d, 0x20, 0x09, 0xef, 0xbb, 0xbf])

/** JSON in one piece may turn out to be lines of it. */
function readerOf(name: FramingName): BodyReader {
  if (name !== 'json') return { ...framingOf(name).reader(), framing: () => name }
  const reader = createLateReader(lines.reader())
  return { ...reader, framing: () => (reader.areLines() ? 'lines' : 'json') }
}
