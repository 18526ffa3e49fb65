/** Lines of JSON (NDJSON, JSONL): a record for each line, whatever its end. Exact to the byte. */
import { parseEvent } from '../event.ts'
import type { AnswerRecord } from '../record.ts'
import {
  type Carrier,
  type Framing,
  NOTHING_SAID,
  type RecordReader,
  beginningOf,
  dataOf,
  replacedIn,
} from './framing.ts'
import { createPieceReader } from './pieces.ts'

const LF = 0x0a

/** A record ends with its line feed; a blank line is one, too, so that what keeps a connection alive is not held back. */
const createLineReader = (): RecordReader =>
  createPieceReader({ endIn: (chunk, at) => chunk.indexOf(LF, at) + 1 || -1, parse, endsWithBody: true })

/** Of a line without its end only a whole JSON object counts as data: anything else may have been cut off. */
function parse(wire: AnswerRecord['wire'], at: number, isFirst: boolean): AnswerRecord {
  if (typeof wire !== 'string') return { at, wire }
  const line = (isFirst ? wire.replace(/^\uFEFF/, '') : wire).replace(/\r?\n$/, '')
  if (line.trim() === '') return { at, wire }
  const event = parseEvent(line, at)
  if (event) return { at, wire, event }
  return wire.endsWith('\n') ? { at, wire, data: line } : { at, wire }
}

const carrier: Carrier = {
  parse,
  describe(record) {
    const text = dataOf(record)
    return text === undefined ? undefined : { text, said: NOTHING_SAID }
  },
  carry(text, _said, at, { eol }) {
    const event = parseEvent(text, at)
    return event ? { at, wire: event.text + eol, event } : parse(text + eol, at, false)
  },
  rewrite(record, text, clean) {
    const { wire, event } = record
    const before = dataOf(record)
    const written = typeof wire === 'string' && before !== undefined ? replacedIn(wire, before, text, clean) : undefined
    if (written === undefined) return undefined
    if (written === wire) return record
    if (!event) return { ...record, wire: written, data: text }
    return { ...record, wire: written, event: parseEvent(text, event.at) ?? event }
  },
}

/** A JSON text that is laid out over several lines: its first line opens it, and no more. */
const OPENED = /^[{[][ \t]*[\r\n]/

/** White space alone came after what opens it: it may be laid out so. */
const OPENING = /^[{[][ \t]*$/

/** Lines of JSON. What is no JSON stands in lines, too, but for pages of proxies. */
export const lines: Framing = {
  types: /^(?:application|text)\/(?:x-)?(?:nd-?json|json-?l(?:ines)?|json-stream|stream\+json)$/,
  begins(start, type) {
    const text = beginningOf(start)
    if (!this.types.test(type) || text.startsWith('<') || OPENED.test(text)) return false
    return OPENING.test(text) ? undefined : true
  },
  reader: createLineReader,
  carrier,
}
