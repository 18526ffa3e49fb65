/** How a body is cut into records: by its content type, and by its first bytes, which know better. */
import { type Headers, headerOf } from '../headers.ts'
import type { FramingName } from '../api.ts'
import type { AnswerRecord } from '../record.ts'
import { type RecordReader, viewOf } from './framing.ts'
import { createPlainReader } from './plain.ts'
import { createSseReader } from './sse.ts'

/** Reads a body whose framing may show only as it comes. */
export interface BodyReader extends RecordReader {
  /** The framing: by the head before the first bytes, and in the end by the bytes. */
  framing(): FramingName
}

/** The reader of a body, by the head of its answer. */
export function createReader(headers: Headers): BodyReader {
  const type = (headerOf(headers, 'content-type') ?? '').replace(/;.*/s, '').trim().toLowerCase()
  if (type === 'text/event-stream') return createSniffer('sse', sniffEventStream)
  if (/^application\/(?:[^/]+\+)?json$/.test(type)) return createSniffer('json', () => 'json')
  return createSniffer('text', type === '' || type === 'text/plain' ? sniffText : () => 'text')
}

/** What the bytes after leading white space say of the framing; undefined if there are too few to say it. */
type Sniff = (start: string) => FramingName | undefined

/** Google sends errors as event streams that are plain JSON; proxies send pages. No line of an event stream begins so. */
const sniffEventStream: Sniff = (start) => {
  if (start.startsWith('<')) return 'text'
  return start.startsWith('{') || start.startsWith('[') ? 'json' : 'sse'
}

const FIELDS = ['data:', 'event:', 'id:', 'retry:', ': ']

/** Text is an event stream if its first line is one of such a stream. */
const sniffText: Sniff = (start) => {
  if (FIELDS.some((field) => start.startsWith(field))) return 'sse'
  return FIELDS.some((field) => field.startsWith(start)) ? undefined : 'text'
}

/** The longest start that may be too short to say anything. */
const MAX_START = Math.max(...FIELDS.map((field) => field.length))

/** A line break, a blank, or a part of a byte order mark. */
const BLANK = new Set([0x0a, 0x0d, 0x20, 0x09, 0xef, 0xbb, 0xbf])

/** Reads by the hint until the bytes say something else. What was given by then is blank, which no framing minds. */
function createSniffer(hint: FramingName, sniff: Sniff): BodyReader {
  let framing = hint
  let reader = readerFor(hint)
  let isSure = false
  let held = Buffer.alloc(0)

  const decide = (found: FramingName, at: number): AnswerRecord[] => {
    isSure = true
    if (found === framing) return []
    const given = reader.end(at, false)
    framing = found
    reader = readerFor(found)
    return given
  }
  return {
    framing: () => framing,
    read(bytes, at) {
      if (isSure) return reader.read(bytes, at)
      const start = held.length > 0 ? Buffer.concat([held, bytes]) : viewOf(bytes)
      const blank = start.findIndex((byte) => !BLANK.has(byte))
      if (blank === -1) return reader.read(start, at)
      const found = sniff(start.toString('latin1', blank, blank + MAX_START))
      if (found === undefined) {
        held = Buffer.from(start)
        return []
      }
      held = Buffer.alloc(0)
      return [...decide(found, at), ...reader.read(start, at)]
    },
    end(at, clean) {
      const left = held
      held = Buffer.alloc(0)
      return [...reader.read(left, at), ...reader.end(at, clean)]
    },
  }
}

const readerFor = (framing: FramingName): RecordReader => (framing === 'sse' ? createSseReader() : createPlainReader())
