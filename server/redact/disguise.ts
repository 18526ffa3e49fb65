/** Texts that are written in another form within a text: escaped, percent-encoded, in base64, with invisible characters. */
import { inBase64, lengthAt, mayBeBase64, outward } from './base64.ts'
import type { Match } from './match.ts'

/** A form may be within another, such as a percent-encoded address within JSON within a text: so many are taken off. */
const MAX_FORMS = 3

/**
 * Whether a text can hold another in another form: percent-encoded, or base64 of what begins like a secret. The escapes
 * of JSON are the caller's to know.
 *
 * @param hasHint whether a plain text has the beginning of one
 */
export const mayBeDisguised = (text: string, hasHint: (plain: string) => boolean): boolean =>
  HIDING.test(text) || mayBeBase64(text, hasHint)

/**
 * The units of characters that are not seen: those that Unicode calls ignorable, spelt out, since every text is searched for
 * them and a property of Unicode takes twice as long. Of U+E0000 to U+E0FFF it is the first one of two.
 */
const UNSEEN = String.raw`\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8\uDB40-\uDB43`

/** What sets the colours of a terminal. */
const COLOUR = String.raw`\x1B\[[\d;]{0,20}[A-Za-z]`

/** Percent-encoding, references to characters as HTML has them, colours, and characters that are not seen. */
const HIDING = new RegExp(String.raw`[${UNSEEN}]|%[\dA-Fa-f]{2}|&#|${COLOUR}`)

/**
 * What is found in the texts that a text holds in another form, at its places in the text itself. Linear in the length.
 *
 * @param find gives what is to be replaced in a text that is written plainly
 */
export function findDisguised(text: string, find: (plain: string) => readonly Match[]): Match[] {
  return [
    ...inBase64(text, find),
    // A backslash may be an escape, and may be a backslash.
    ...(HIDING.test(text) ? inForms(text, false, find) : []),
    ...(text.includes('\\') ? inForms(text, true, find) : []),
  ]
}

/** Takes off one form after another. @param escapes whether those of JSON are taken off, too */
function inForms(text: string, escapes: boolean, find: (plain: string) => readonly Match[]): Match[] {
  const found: Match[] = []
  const maps: Uint32Array[] = []
  let plain = text
  for (let form = 0; form < MAX_FORMS; form++) {
    const next = unescaped(plain, escapes)
    if (next === undefined) break
    plain = next.text
    maps.push(next.map)
    for (const match of [...find(plain), ...inBase64(plain, find)]) found.push(outward(match, maps))
  }
  return found
}

const INVISIBLE = new RegExp(`[${UNSEEN}]`)

const COLOUR_HERE = new RegExp(COLOUR, 'y')

/** How many units take what is not seen; 0 if it is seen. */
function hiddenAt(text: string, at: number, code: number): number {
  if (code === ESCAPE) return lengthAt(COLOUR_HERE, text, at)
  return code < 0xad || !INVISIBLE.test(text.charAt(at)) ? 0 : code >= 0xdb40 && code <= 0xdb43 ? 2 : 1
}

const [BACKSLASH, PERCENT, AMPERSAND, ESCAPE, LOWER_U, LOWER_X] = [0x5c, 0x25, 0x26, 0x1b, 0x75, 0x78]

/** What the letter after a backslash stands for; any other character stands for itself. */
const NAMED: Readonly<Record<number, number>> = { 0x62: 8, 0x66: 12, 0x6e: 10, 0x72: 13, 0x74: 9 }

/** The value of a hexadecimal digit; NaN if it is none. */
function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN
}

/**
 * The text with one form taken off: percent-encoding, invisible characters, escapes of JSON. `map` gives for each
 * character, and for the end, where it stood. Undefined if there is nothing to take off.
 */
function unescaped(text: string, escapes: boolean): { readonly text: string; readonly map: Uint32Array } | undefined {
  const codes = new Uint16Array(text.length)
  const map = new Uint32Array(text.length + 1)
  let length = 0
  const put = (code: number, at: number) => {
    codes[length] = code
    map[length++] = at
  }
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH && escapes) at += putEscape(text, at, put)
    else if (code === PERCENT) at += putBytes(text, at, put)
    else if (code === AMPERSAND) at += putReference(text, at, put)
    else {
      const hidden = hiddenAt(text, at, code)
      if (hidden === 0) put(code, at)
      at += hidden || 1
    }
  }
  map[length] = text.length
  if (length === text.length) return undefined
  const plain = Buffer.from(codes.buffer, 0, 2 * length).toString('utf16le')
  return { text: plain, map: map.subarray(0, length + 1) }
}

type Put = (code: number, at: number) => void

/** Reads an escape of JSON; gives its length. */
function putEscape(text: string, at: number, put: Put): number {
  const next = text.charCodeAt(at + 1)
  if (Number.isNaN(next)) {
    put(BACKSLASH, at)
    return 1
  }
  // JSON knows no `\x`; what writes strings for programs does.
  const digits = next === LOWER_U ? 4 : next === LOWER_X ? 2 : 0
  const code = digits === 0 ? Number.NaN : hexAt(text, at + 2, digits)
  put(Number.isNaN(code) ? (NAMED[next] ?? next) : code, at)
  return Number.isNaN(code) ? 2 : 2 + digits
}

const REFERENCE = /&#(?:[xX]([\da-fA-F]{1,4})|(\d{1,5}));/y

/** Reads a reference to a character, as `&#45;`; gives its length. Any other `&` stands for itself. */
function putReference(text: string, at: number, put: Put): number {
  REFERENCE.lastIndex = at
  const [all = '&', hex, decimal] = REFERENCE.exec(text) ?? []
  put(hex !== undefined ? Number.parseInt(hex, 16) : decimal !== undefined ? Number(decimal) : AMPERSAND, at)
  return all.length
}

/** The number that so many hexadecimal digits make; NaN if they are not there. */
function hexAt(text: string, at: number, digits: number): number {
  let value = 0
  for (let index = 0; index < digits; index++) value = value * 16 + digit(text.charCodeAt(at + index))
  return value
}

const byteAt = (text: string, at: number): number =>
  text.charCodeAt(at) === PERCENT ? hexAt(text, at + 1, 2) : Number.NaN

/** Reads one character of UTF-8 in percent-encoding; gives its length. A `%` that encodes nothing stands for itself. */
function putBytes(text: string, at: number, put: Put): number {
  const first = byteAt(text, at)
  if (Number.isNaN(first)) {
    put(PERCENT, at)
    return 1
  }
  const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0
  let point = more === 0 ? first : first & (0x3f >> more)
  for (let index = 1; index <= more; index++) {
    const byte = byteAt(text, at + 3 * index)
    if ((byte & 0xc0) !== 0x80) {
      // It is no UTF-8: the byte stands for itself.
      put(first, at)
      return 3
    }
    point = point * 64 + (byte & 0x3f)
  }
  for (const unit of point > 0x10ffff ? [first] : unitsOf(point)) put(unit, at)
  return 3 * (more + 1)
}

const unitsOf = (point: number): number[] =>
  point < 0x10000 ? [point] : [0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff)]
