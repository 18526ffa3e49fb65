/** Texts that are written in another form within a text: escaped, percent-encoded, in base64, with invisible characters. */
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
  HIDING.test(text) || stretchesIn(text).some(({ start, end }) => hasHint(plainOf(text, start, end)))

/**
 * The units of characters that are not seen: those that Unicode calls ignorable, spelt out, since every text is searched for
 * them and a property of Unicode takes twice as long. Of U+E0000 to U+E0FFF it is the first one of two.
 */
const UNSEEN = String.raw`\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8\uDB40-\uDB43`

/** Percent-encoding, and characters that are not seen. */
const HIDING = new RegExp(String.raw`[${UNSEEN}]|%[\dA-Fa-f]{2}`)

const plainOf = (text: string, start: number, end: number): string =>
  Buffer.from(text.slice(start, end), 'base64').toString('latin1')

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

/** A match in an inner text, as it stands in the outermost one. */
function outward(match: Match, maps: readonly Uint32Array[]): Match {
  let { start, end } = match
  for (const map of maps.toReversed()) {
    start = map[start] ?? start
    end = map[end] ?? end
  }
  return { ...match, start, end }
}

const INVISIBLE = new RegExp(`[${UNSEEN}]`)

/** How many units a character that is not seen takes; 0 if it is seen. */
const hiddenAt = (text: string, at: number, code: number): number =>
  code < 0xad || !INVISIBLE.test(text.charAt(at)) ? 0 : code >= 0xdb40 && code <= 0xdb43 ? 2 : 1

const [BACKSLASH, PERCENT, LOWER_U] = [0x5c, 0x25, 0x75]

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
  const code = next === LOWER_U ? hexAt(text, at + 2, 4) : Number.NaN
  put(Number.isNaN(code) ? (NAMED[next] ?? next) : code, at)
  return Number.isNaN(code) ? 2 : 6
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

/** The values of the characters of base64, of both alphabets; 255 for any other. */
const VALUES = Uint8Array.from({ length: 128 }, (_value, code) => {
  const character = String.fromCharCode(code)
  const index = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(character)
  return index !== -1 ? index : character === '-' ? 62 : character === '_' ? 63 : 255
})

/** Longer texts are files: reading all of them as text would take longer than the answer. */
const MAX_CHARS = 4 * 1024 * 1024

/** Fewer groups hold no key of a known kind: 16 characters of text are six of them at least. */
const MIN_GROUPS = 5

/** Searches the base64 in a text that reads as ASCII; a run of it may begin anywhere in unbroken characters. */
function inBase64(text: string, find: (plain: string) => readonly Match[]): Match[] {
  const found: Match[] = []
  for (const { start, end } of stretchesIn(text)) {
    for (const match of find(plainOf(text, start, end))) {
      const last = start + 4 * Math.ceil(match.end / 3)
      found.push({
        ...match,
        start: start + 4 * Math.floor(match.start / 3),
        end: paddedEnd(text, Math.min(last, end)),
      })
    }
  }
  return found
}

/** The index after the padding that follows. */
function paddedEnd(text: string, end: number): number {
  let at = end
  while (text[at] === '=' && at < end + 2) at++
  return at
}

interface Stretch {
  readonly start: number
  readonly end: number
}

/** So many characters of base64 in a row are worth a look: {@link MIN_GROUPS} groups of them. */
const MIN_CHARS = 4 * MIN_GROUPS

/**
 * Where base64 of at least {@link MIN_GROUPS} groups stands, all of whose bytes are ASCII. Each of the four places at
 * which groups may begin is followed for itself. What chance makes of other texts is rare: one in eight groups.
 */
function stretchesIn(text: string): Stretch[] {
  const stretches: Stretch[] = []
  if (text.length > MAX_CHARS) return stretches
  for (let from = unbroken(text, 0); from !== -1; from = unbroken(text, from))
    from = addStretches(text, from, stretches)
  return stretches
}

const isOfBase64 = (code: number): boolean => code < 128 && VALUES[code] !== 255

/**
 * Where the next {@link MIN_CHARS} unbroken characters of base64 begin; -1 if there are none. One character in so many is
 * looked at, and its neighbours if it is one: no such row goes between.
 */
function unbroken(text: string, from: number): number {
  let start = from
  for (let at = from + MIN_CHARS - 1; at < text.length; at = start + MIN_CHARS - 1) {
    let first = at + 1
    while (first > start && isOfBase64(text.charCodeAt(first - 1))) first--
    if (first === start) return start
    start = first
  }
  return -1
}

/** Adds those of one run of unbroken characters; gives the index at which it ends. */
function addStretches(text: string, from: number, stretches: Stretch[]): number {
  const counts = [0, 0, 0, 0]
  const close = (phase: number, groupsEnd: number, end: number) => {
    const count = counts[phase] ?? 0
    counts[phase] = 0
    if (count >= MIN_GROUPS) stretches.push({ start: groupsEnd - 4 * count, end })
  }
  let [a, b, c] = [255, 255, 255]
  let at = from
  for (; ; at++) {
    const code = text.charCodeAt(at)
    const d = code < 128 ? (VALUES[code] ?? 255) : 255
    if (d === 255) break
    if (a !== 255) {
      const phase = (at + 1) & 3
      if ((a & 0x20) === 0 && (b & 0x08) === 0 && (c & 0x02) === 0) counts[phase] = (counts[phase] ?? 0) + 1
      else close(phase, at - 3, at - 3)
    }
    a = b
    b = c
    c = d
  }
  // A last group may be short.
  for (let rest = 0; rest < 4; rest++) close((at - rest) & 3, at - rest, at)
  return at
}
