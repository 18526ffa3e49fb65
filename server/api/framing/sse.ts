/** Server-sent events: bytes → records, however they are cut, and back. Exact to the byte. */
import { type ModelEvent, parseEvent, withName } from '../event.ts'
import type { AnswerRecord } from '../record.ts'
import {
  type Carrier,
  type Framing,
  type LineEnd,
  NOTHING_SAID,
  type RecordReader,
  type Style,
  beginningOf,
  dataOf,
  replacedIn,
  viewOf,
  wireOf,
} from './framing.ts'
import { createRest } from './rest.ts'

const [LF, CR, COLON] = [0x0a, 0x0d, 0x3a]
/** A byte order mark in UTF-8. */
const MARK = [0xef, 0xbb, 0xbf]
const NONE = Buffer.alloc(0)

/**
 * Reads an event stream. A record ends with its blank line. Two kinds are shorter, so that what keeps a connection alive
 * is not held back: a comment at the start of a record, with the blank line after it if that is there, and a blank line
 * that no other line comes before.
 */
export function createSseReader(): RecordReader {
  const lines = createLineScanner()
  const rest = createRest()
  let hasFields = false
  let isFirst = true
  return {
    read(bytes, at) {
      const chunk = viewOf(bytes)
      const records: AnswerRecord[] = []
      let start = 0
      lines.begin(chunk)
      for (let line = lines.next(); line; line = lines.next()) {
        const isBlank = line.first === undefined
        if (!isBlank && (hasFields || line.first !== COLON)) {
          hasFields = true
          continue
        }
        const end = isBlank ? line.end : lines.skipBlank()
        const wire = wireOf(rest.take(chunk.subarray(start, end)))
        records.push(typeof wire === 'string' ? parseSseRecord(wire, at, isFirst) : { at, wire })
        start = end
        hasFields = false
        isFirst = false
      }
      rest.add(chunk.subarray(start))
      return records
    },
    end(at, clean) {
      const bytes = rest.take(NONE)
      if (bytes.length === 0) return []
      const wire = wireOf(bytes)
      return [clean && typeof wire === 'string' ? parseSseRecord(wire, at, isFirst) : { at, wire }]
    },
  }
}

/**
 * Finds the ends of lines in bytes that come in chunks; looks at each byte once. A byte order mark at the start belongs
 * to no line. A CR at the end of a chunk waits for the next one, since an LF there belongs to it.
 */
function createLineScanner() {
  let chunk: Buffer = NONE
  let at = 0
  const ends = createEnds()
  /** The first byte of the line under way. */
  let first: number | undefined
  let endsInCr = false
  /** How much of a byte order mark came; all of it once there cannot be one any more. */
  let marked = 0

  const skipMark = () => {
    while (marked < MARK.length && at < chunk.length) {
      if (chunk[at] === MARK[marked]) {
        at++
        marked++
      } else {
        if (marked > 0) first = MARK[0]
        marked = MARK.length
      }
    }
  }
  const line = () => {
    const found = { end: at, first }
    first = undefined
    return found
  }

  return {
    begin(next: Buffer): void {
      chunk = next
      at = 0
      skipMark()
      ends.begin(chunk, at)
    },
    /** The next line that ends in the chunk: where it does, and its first byte, if it is not blank. */
    next(): { readonly end: number; readonly first: number | undefined } | undefined {
      if (!endsInCr) {
        const end = ends.from(at)
        if (at < (end === -1 ? chunk.length : end)) first ??= chunk[at]
        at = end === -1 ? chunk.length : end + 1
        if (end === -1) return undefined
        if (chunk[end] === LF) return line()
      }
      endsInCr = at === chunk.length
      if (endsInCr) return undefined
      if (chunk[at] === LF) at++
      return line()
    },
    /** Goes on after a blank line, if all of one comes next in the chunk; gives where that is. */
    skipBlank(): number {
      if (chunk[at] === LF) at++
      else if (chunk[at] === CR && at + 1 < chunk.length) at += chunk[at + 1] === LF ? 2 : 1
      return at
    },
  }
}

/** Finds the next LF or CR in a chunk; -1 if there is none. */
function createEnds() {
  let chunk: Buffer = NONE
  let [lf, cr] = [-1, -1]
  return {
    begin(next: Buffer, at: number): void {
      chunk = next
      lf = chunk.indexOf(LF, at)
      cr = chunk.indexOf(CR, at)
    },
    from(at: number): number {
      if (lf !== -1 && lf < at) lf = chunk.indexOf(LF, at)
      if (cr !== -1 && cr < at) cr = chunk.indexOf(CR, at)
      return lf === -1 || (cr !== -1 && cr < lf) ? cr : lf
    },
  }
}

/**
 * What a record of an event stream means. Of one that its blank line does not end, only a whole JSON object and `[DONE]`
 * count as data: anything else may have been cut off.
 *
 * @param wire its lines, as they were sent
 * @param isFirst whether the stream begins with it: then it may have a byte order mark
 */
export function parseSseRecord(wire: string, at: number, isFirst = false): AnswerRecord {
  const text = isFirst && wire.startsWith('\u{FEFF}') ? wire.slice(1) : wire
  const lines = text.includes('\r') ? text.split(/\r\n|\r|\n/) : text.split('\n')
  let data: string | undefined
  let name: string | undefined
  for (const line of lines) {
    const value = valueOf(line, 'data')
    if (value === undefined) name = valueOf(line, 'event') ?? name
    else data = data === undefined ? value : `${data}\n${value}`
  }
  if (data === undefined || data.trim() === '') return { at, wire }
  const event = parseEvent(data, at, name === '' ? undefined : name)
  if (event) return { at, wire, event }
  const isEnded = lines.at(-1) === '' && lines.at(-2) === ''
  return isEnded || data === '[DONE]' ? { at, wire, data } : { at, wire }
}

/** What a line says, if it is of this field. */
function valueOf(line: string, field: string): string | undefined {
  if (!line.startsWith(field)) return undefined
  if (line.length === field.length) return ''
  if (line[field.length] !== ':') return undefined
  return line.slice(field.length + (line[field.length + 1] === ' ' ? 2 : 1))
}

/**
 * The record that carries a text, as nearly all APIs lay it out.
 *
 * @param data one `data:` line for each line of it
 * @param name the `event:` line before it, if there is to be one
 */
export function encodeSseEvent(data: string, name: string | undefined, eol: LineEnd): string {
  const lines = data.includes('\n') ? data.replaceAll('\n', `${eol}data: `) : data
  return name === undefined ? `data: ${lines}${eol}${eol}` : `event: ${name}${eol}data: ${lines}${eol}${eol}`
}

const FIELDS = ['data:', 'event:', 'id:', 'retry:', ': ', ':\n', ':\r']

/** No line of an event stream begins so. Google sends errors as event streams that are plain JSON; proxies send pages. */
const NO_FIELD = /^[<{[]/

const carrier: Carrier = {
  hasNames: true,
  parse: (wire, at, isFirst) => (typeof wire === 'string' ? parseSseRecord(wire, at, isFirst) : { at, wire }),
  describe({ wire, event, data }, style) {
    if (event) {
      const { name = null } = event
      return { text: event.text, said: name === (usualName(event, style) ?? null) ? NOTHING_SAID : { name } }
    }
    if (data === undefined || typeof wire !== 'string') return undefined
    const name = /^event: (.*)[\r\n]/.exec(wire)?.[1]
    return { text: data, said: name === undefined ? NOTHING_SAID : { name } }
  },
  carry(text, { name }, at, style, known) {
    if (name !== undefined && name !== null && typeof name !== 'string') return '"name" is no text'
    const parsed =
      known?.text === text ? withName(known, at, name ?? undefined) : parseEvent(text, at, name ?? undefined)
    if (!parsed) return parseSseRecord(encodeSseEvent(text, name ?? undefined, style.eol), at)
    const usual = name === undefined ? usualName(parsed, style) : undefined
    const event = usual === undefined ? parsed : { ...parsed, name: usual }
    return { at, wire: encodeSseEvent(event.text, event.name, style.eol), event }
  },
  rewrite(record, text, clean) {
    const { at, wire, event } = record
    const before = dataOf(record)
    if (typeof wire !== 'string' || before === undefined || !DATA_LINE.test(wire)) return undefined
    const name = event?.name === undefined ? undefined : clean(event.name)
    // Data that came in several lines are written in one, if they have to be written anew.
    const anew = () => (before === text ? clean(wire) : encodeSseEvent(text, name, '\n'))
    const written = replacedIn(wire, before, text, clean) ?? anew()
    if (written === wire) return record
    if (!event) return { ...record, wire: written, data: text }
    // The name of an event stands in its wire alone.
    const told = event.name === undefined ? undefined : parseSseRecord(written, at, true).event?.name
    return { ...record, wire: written, event: parseEvent(text, event.at, told) ?? event }
  },
}

/** A line with data in a record: no JSON that stands alone has one. */
const DATA_LINE = /(?:^\uFEFF?|[\r\n])data/

/** What stands in the `event:` line of an event if nothing else is said of it. */
function usualName({ body }: ModelEvent, { names }: Style): string | undefined {
  const name = names === undefined ? undefined : body[names]
  return typeof name === 'string' ? name : undefined
}

/** Server-sent events. */
export const sse: Framing = {
  types: /^text\/event-stream$/,
  begins(start, type) {
    const text = beginningOf(start)
    if (this.types.test(type)) return !NO_FIELD.test(text)
    if (type !== '' && type !== 'text/plain') return false
    if (FIELDS.some((field) => text.startsWith(field))) return true
    return FIELDS.some((field) => field.startsWith(text)) ? undefined : false
  },
  reader: createSseReader,
  carrier,
}
