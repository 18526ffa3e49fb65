/** Server-sent events: bytes → records, however they are cut, and back. Exact to the byte. */
import { parseEvent } from '../event.ts'
import type { AnswerRecord } from '../record.ts'
import { type RecordReader, viewOf, wireOf } from './framing.ts'

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

/** How large the memory for a record under way is at first, and one further piece of it at most. In bytes. */
const [MIN_BLOCK, MAX_BLOCK] = [1024, 1024 * 1024]

/** Keeps the bytes of the record under way, in blocks: many small pieces cost no more than one, and nothing is copied twice. */
function createRest() {
  const blocks: Buffer[] = []
  /** How much of the last block is used. */
  let used = 0
  let length = 0
  const add = (more: Buffer): void => {
    for (let from = 0; from < more.length;) {
      let block = blocks.at(-1)
      if (block === undefined || used === block.length) {
        block = Buffer.allocUnsafe(Math.min(Math.max(length, more.length - from, MIN_BLOCK), MAX_BLOCK))
        blocks.push(block)
        used = 0
      }
      const count = more.copy(block, used, from)
      from += count
      used += count
      length += count
    }
  }
  return {
    add,
    /** Gives what was added, with `last` after it, and begins anew. */
    take(last: Buffer): Buffer {
      if (length === 0) return last
      add(last)
      const all = Buffer.concat(blocks, length)
      blocks.length = 0
      length = 0
      return all
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

/** How lines end in an event stream that is written here. */
export type LineEnd = '\n' | '\r\n'

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
