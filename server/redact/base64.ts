/** Secrets in base64 within a text, whichever alphabet it has, and wherever its lines were wrapped. */
import type { Match } from './match.ts'

/** Whether a text can hold base64 of what has the beginning of a secret. */
export function mayBeBase64(text: string, hasHint: (plain: string) => boolean): boolean {
  const whole = unwrapped(text)
  const isIn = (each: string) => stretchesIn(each).some((stretch) => hasHint(plainOf(each, stretch)))
  return isIn(text) || (whole !== undefined && (hasHint(whole.text) || isIn(whole.text)))
}

const plainOf = (text: string, { start, end }: Stretch): string =>
  Buffer.from(text.slice(start, end), 'base64').toString('latin1')

/** A match in an inner text, as it stands in the outermost one. */
export function outward(match: Match, maps: readonly Uint32Array[]): Match {
  let { start, end } = match
  for (const map of maps.toReversed()) {
    start = map[start] ?? start
    end = map[end] ?? end
  }
  return { ...match, start, end }
}

/** The length of what a sticky expression finds in a place; 0 if it finds nothing. */
export function lengthAt(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at
  return expression.exec(text)?.[0].length ?? 0
}

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

/** Searches the base64 in a text that reads as ASCII, also as one text if it was wrapped in lines. */
export function inBase64(text: string, find: (plain: string) => readonly Match[]): Match[] {
  const whole = unwrapped(text)
  const inWhole = whole
    ? [...find(whole.text), ...inStretches(whole.text, find)].map((match) => outward(match, [whole.map]))
    : []
  return [...inWhole, ...inStretches(text, find)]
}

/** A run of base64 may begin anywhere in unbroken characters. */
function inStretches(text: string, find: (plain: string) => readonly Match[]): Match[] {
  const found: Match[] = []
  for (const stretch of stretchesIn(text)) {
    const { start, end } = stretch
    for (const match of find(plainOf(text, stretch))) {
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

/** Where a line of base64 ends and the next one begins; a JSON text has escapes for that. */
const WRAP = /(?:\r?\n|(?:\\{1,8}r)?\\{1,8}n)[ \t]{0,40}(?=[\w+/-])/y

/** No program wraps shorter lines. */
const MIN_LINE = 40

/** The text without the line ends within base64; undefined if it has none. `map` gives for each character where it stood. */
function unwrapped(text: string): { readonly text: string; readonly map: Uint32Array } | undefined {
  if (text.length > MAX_CHARS || !(text.includes('\n') || text.includes(String.raw`\n`))) return undefined
  const lines: Stretch[] = []
  let line = 0
  for (let from = unbroken(text, 0); from !== -1; from = unbroken(text, from)) {
    let end = from
    while (isOfBase64(text.charCodeAt(end))) end++
    const wrap = end - from < MIN_LINE ? 0 : lengthAt(WRAP, text, end)
    if (wrap > 0) lines.push({ start: line, end })
    if (wrap > 0) line = end + wrap
    from = end + wrap
  }
  if (lines.length === 0) return undefined
  lines.push({ start: line, end: text.length })
  const map = new Uint32Array(lines.reduce((sum, { start, end }) => sum + end - start, 1))
  let at = 0
  for (const { start, end } of lines) for (let index = start; index < end; index++) map[at++] = index
  map[at] = text.length
  return { text: lines.map(({ start, end }) => text.slice(start, end)).join(''), map }
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
