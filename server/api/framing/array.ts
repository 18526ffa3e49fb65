/** One JSON array that is streamed: a record for each element, behind what separates it from the one before. Exact to the byte. */
import { indented, isIndented, minified } from '../../base/json-format.ts'
import { parseEvent } from '../event.ts'
import type { AnswerRecord } from '../record.ts'
import { type Carrier, type Framing, type RecordReader, beginningOf, dataOf, mayBeJson, replacedIn } from './framing.ts'
import { type Cut, createPieceReader } from './pieces.ts'

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [BRACE, BRACKET, END_BRACE, END_BRACKET] = [0x7b, 0x5b, 0x7d, 0x5d]

/**
 * Reads an array. A record ends with its element, so that an element is handed on before anything comes after it; the
 * bracket that ends the array is the last one.
 */
const createArrayReader = (): RecordReader => createPieceReader({ endIn: createEnds(), parse, endsWithBody: false })

/** Finds the ends of elements that are objects, and of the array. Looks at each byte once, however deep they are. */
function createEnds(): Cut['endIn'] {
  let depth = 0
  let isQuoted = false
  let isEscaped = false
  return (chunk, at) => {
    for (let index = at; index < chunk.length; index++) {
      const byte = chunk[index]
      if (isEscaped) isEscaped = false
      else if (byte === QUOTE) isQuoted = !isQuoted
      else if (isQuoted) isEscaped = byte === BACKSLASH
      else if (byte === BRACE || byte === BRACKET) depth++
      else if (byte === END_BRACE || byte === END_BRACKET) {
        depth = Math.max(0, depth - 1)
        if (depth === (byte === END_BRACE ? 1 : 0)) return index + 1
      }
    }
    return -1
  }
}

/** What stands before an element that is an object. */
const BEFORE = /^\uFEFF?[\s[,]*(?=\{)/

/** An element that is laid out over several lines is the event without white space. */
function parse(wire: AnswerRecord['wire'], at: number, isFirst: boolean): AnswerRecord {
  const before = typeof wire === 'string' ? BEFORE.exec(wire)?.[0] : undefined
  if (typeof wire !== 'string' || before === undefined || (!isFirst && before.startsWith('\uFEFF'))) return { at, wire }
  const event = parseEvent(onOneLine(wire.slice(before.length)), at)
  return event ? { at, wire, event } : { at, wire }
}

const onOneLine = (json: string): string => (/[\r\n]/.test(json) ? minified(json) : json)

/** By how many blanks an element is indented; 0 if it stands on one line, undefined if it is laid out otherwise. */
function indentOf(json: string): number | undefined {
  if (!/[\r\n]/.test(json)) return 0
  const blanks = /\n( *)/.exec(json)?.[1]?.length ?? 0
  return blanks >= 1 && blanks <= MAX_INDENT && isIndented(json, blanks) ? blanks : undefined
}

/** By how many blanks an element may be indented. */
const MAX_INDENT = 8

const carrier: Carrier = {
  parse,
  describe({ wire, event }) {
    if (!event || typeof wire !== 'string') return undefined
    const before = BEFORE.exec(wire)?.[0] ?? ''
    const indent = indentOf(wire.slice(before.length))
    return { text: event.text, said: indent ? { before, indent } : { before } }
  },
  carry(text, { before = '', indent = 0 }, at) {
    if (typeof before !== 'string') return '"before" is no text'
    const isIndent = typeof indent === 'number' && Number.isInteger(indent) && indent >= 0 && indent <= MAX_INDENT
    if (!isIndent) return `"indent" is no whole number from 0 to ${MAX_INDENT}`
    return parse(before + (indent === 0 ? text : indented(text, indent)), at, true)
  },
  rewrite(record, text, clean) {
    const { wire, event } = record
    const before = dataOf(record)
    const around = typeof wire === 'string' ? BEFORE.exec(wire)?.[0] : undefined
    if (!event || typeof wire !== 'string' || before === undefined || around === undefined) return undefined
    const blanks = indentOf(wire.slice(around.length))
    const anew = () => (before === text ? wire : clean(around) + (blanks ? indented(text, blanks) : text))
    const written = replacedIn(wire, before, text, clean) ?? anew()
    return written === wire ? record : { ...record, wire: written, event: parseEvent(text, event.at) ?? event }
  },
}

/** A streamed array of objects. Any other array is a JSON body in one piece. */
export const array: Framing = {
  types: /^(?!)/,
  begins(start, type) {
    const [mark, next] = beginningOf(start).replaceAll(/\s/g, '')
    if (mark !== '[' || !mayBeJson(type)) return false
    return next === undefined ? undefined : next === '{'
  },
  reader: createArrayReader,
  carrier,
}
