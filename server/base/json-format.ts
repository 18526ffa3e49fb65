/** The white space of a JSON text, and nothing else of it: numbers, escapes, order and duplicates stay as they stand. */
import { endOfString } from './json-text.ts'

/** A JSON text without the white space between its tokens. Linear, however long a string is. */
export function minified(text: string): string {
  const next = /"|[ \t\n\r]+/g
  const parts: string[] = []
  let kept = 0
  for (let found = next.exec(text); found; found = next.exec(text)) {
    if (found[0] === '"') {
      next.lastIndex = endOfString(text, found.index)
      continue
    }
    parts.push(text.slice(kept, found.index))
    kept = next.lastIndex
  }
  return kept === 0 ? text : parts.join('') + text.slice(kept)
}

/** A JSON text as `JSON.stringify(value, null, blanks)` lays it out, with its tokens as they stand. */
export function indented(text: string, blanks: number): string {
  const pieces: string[] = []
  layOut(text, blanks, (piece) => pieces.push(piece) > 0)
  return pieces.join('')
}

/**
 * Whether a JSON text is laid out like that. Stops at the first difference, so that it never costs more than the text is
 * long: laid out, a text that is nested deeply can be far longer.
 */
export function isIndented(text: string, blanks: number): boolean {
  let at = 0
  const isThere = (piece: string): boolean => {
    if (!text.startsWith(piece, at)) return false
    at += piece.length
    return true
  }
  return layOut(text, blanks, isThere) && at === text.length
}

/**
 * Puts the tokens of a JSON text and the white space that stands between them in the layout, piece by piece, until `put`
 * says that it wants no more. Gives whether it came to the end.
 */
function layOut(text: string, blanks: number, put: (piece: string) => boolean): boolean {
  let depth = 0
  /** The token before opened an object or an array: if the next closes it, nothing stands between them. */
  let opened = false
  const lineBreak = () => (blanks > 0 ? `\n${' '.repeat(blanks * depth)}` : '')
  for (let at = endOfSpace(text, 0), end = at; at < text.length; at = endOfSpace(text, end)) {
    end = endOfToken(text, at)
    const mark = text[at]
    const closes = mark === '}' || mark === ']'
    if (closes) depth--
    if (opened !== closes && !put(lineBreak())) return false
    opened = mark === '{' || mark === '['
    if (opened) depth++
    if (!put(text.slice(at, end))) return false
    if (mark === ',' && !put(lineBreak())) return false
    if (mark === ':' && !put(blanks > 0 ? ' ' : '')) return false
  }
  return true
}

const QUOTE = 0x22

/** A white space of JSON. */
const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** A bracket, a comma or a colon: a token of one character. */
const isMark = (code: number): boolean =>
  code === 0x2c || code === 0x3a || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d

function endOfSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && isSpace(text.charCodeAt(at))) at++
  return at
}

function endOfToken(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return endOfString(text, start)
  let at = start + 1
  if (isMark(first)) return at
  while (at < text.length && !isEnd(text.charCodeAt(at))) at++
  return at
}

/** Whether a number or a word ends before this character. */
const isEnd = (code: number): boolean => isMark(code) || isSpace(code) || code === QUOTE
