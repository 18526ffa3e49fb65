/** JSON text, read and rewritten in place: what is not touched stays as it was, to the byte. */

/** Where a value stands: the names and indices from the outermost value on. */
export type Place = readonly (string | number)[]

/** What gives a JSON text its shape. */
type Mark = '{' | '}' | '[' | ']' | ',' | ':' | '"'

/** By their codes. A text may be megabytes long, and each of its characters is looked up here. */
const MARKS: readonly (Mark | undefined)[] = Array.from({ length: 128 }, (_, code) =>
  (['{', '}', '[', ']', ',', ':', '"'] as const).find((mark) => mark.charCodeAt(0) === code),
)

/**
 * Visits the tokens of a JSON text that give it its shape, without its numbers and words: a mark, or a string, which is told
 * by its quote. Linear, however long a string.
 *
 * @param visit gets the index at which the token begins, and the one after it
 */
function eachToken(text: string, visit: (mark: Mark, start: number, end: number) => void): void {
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    const mark = code < 128 ? MARKS[code] : undefined
    if (mark === undefined) {
      at++
      continue
    }
    const end = mark === '"' ? endOfString(text, at) : at + 1
    visit(mark, at, end)
    at = end
  }
}

/** The index after the closing quote of the string that begins at `start`: the first quote that no backslash escapes. */
export function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slash = quote
    while (text[slash - 1] === '\\') slash--
    if ((quote - slash) % 2 === 0) return quote + 1
  }
  return text.length
}

/**
 * The objects and arrays that a text is made of, one after another, as several tool calls in one part are; the text itself
 * if it does not end with one. Linear.
 */
export function valuesIn(text: string): string[] {
  const values: string[] = []
  let [start, depth] = [0, 0]
  eachToken(text, (mark, _start, end) => {
    if (mark === '{' || mark === '[') depth++
    if ((mark === '}' || mark === ']') && --depth === 0) {
      values.push(text.slice(start, end))
      start = end
    }
  })
  return start > 0 && text.slice(start).trim() === '' ? values : [text]
}

/** What is told of a text while it is walked. */
interface Visitor {
  /** A value begins: from `at` on, after white space. The place is changed afterwards: copy it to keep it. */
  begin?(at: number, place: Place): void
  /** The value that stands there ends: before `at`, and before white space. */
  end?(at: number, place: Place): void
  /** @param within the index at which the innermost object or array begins; -1 if there is none */
  string?(start: number, end: number, isName: boolean, place: Place, within: number): void
}

/** Walks over the values in a JSON text. A text that is cut, or is not JSON, is walked as far as it looks like JSON. */
function walk(text: string, visitor: Visitor): void {
  const open: { readonly start: number; readonly object: boolean; expectsName: boolean }[] = []
  const place: (string | number)[] = []
  eachToken(text, (mark, start, end) => {
    const top = open.at(-1)
    if (mark === '{' || mark === '[') {
      const object = mark === '{'
      open.push({ start, object, expectsName: object })
      place.push(object ? '' : 0)
      if (!object && visitor.begin && text[afterSpace(text, start + 1)] !== ']') visitor.begin(start + 1, place)
    } else if (mark === '}' || mark === ']') {
      visitor.end?.(start, place)
      open.pop()
      place.pop()
    } else if (mark === ',') {
      visitor.end?.(start, place)
      const last = place.at(-1)
      if (top) top.expectsName = top.object
      if (typeof last !== 'number') return
      place[place.length - 1] = last + 1
      visitor.begin?.(start + 1, place)
    } else if (mark === ':') {
      if (top) top.expectsName = false
      visitor.begin?.(start + 1, place)
    } else {
      const isName = top?.expectsName ?? false
      if (isName) place[place.length - 1] = readString(text.slice(start, end))
      visitor.string?.(start, end, isName, place, top?.start ?? -1)
    }
  })
}

/** A string in a JSON text. */
export interface JsonString {
  readonly value: string
  /** The index of its first character in the text, after the quote. */
  readonly start: number
  /** What stands between the quotes. */
  readonly raw: string
  /** Whether it is the name of a member. */
  readonly isName: boolean
  /** Its place; that of a name is the place of its member. The list is changed afterwards: copy it to keep it. */
  readonly place: Place
  /** The index at which the innermost object or array around it begins: the same for strings of the same one. */
  readonly within: number
}

/** Visits every string of a JSON text in order, names of members included. */
export function eachString(text: string, visit: (string: JsonString) => void): void {
  walk(text, {
    string(start, end, isName, place, within) {
      const token = text.slice(start, end)
      visit({ value: readString(token), start: start + 1, raw: contentOf(token), isName, place, within })
    },
  })
}

/** Visits the numbers and words (`true`, `false`, `null`) of a JSON text: where each stands. */
export function eachLiteral(text: string, visit: (start: number, end: number) => void): void {
  let begun: number | undefined
  walk(text, {
    begin: (at) => void (begun = afterSpace(text, at)),
    end(at) {
      const start = begun
      begun = undefined
      // An object or an array begins values of its own, of which the last has ended already.
      if (start === undefined || /["[\]{}]/.test(text.charAt(start))) return
      const { length } = text.slice(start, at).trimEnd()
      if (length > 0) visit(start, start + length)
    },
  })
}

/** A value of a JSON text that is to be replaced: where it stands, and the JSON text that is to stand there. */
export interface Replacement {
  readonly start: number
  readonly end: number
  readonly by: string
}

/**
 * The values of a JSON text that are to be replaced, in order.
 *
 * @param pick gives the JSON text that is to stand at a place in place of a value that begins with the character
 *   `first`; undefined leaves the value. What is in a value that is replaced is not asked for.
 */
export function replacementsIn(text: string, pick: (place: Place, first: string) => string | undefined): Replacement[] {
  const found: Replacement[] = []
  let current: { readonly start: number; readonly depth: number; readonly by: string } | undefined
  walk(text, {
    begin(at, place) {
      if (current) return
      const start = afterSpace(text, at)
      const by = pick(place, text[start] ?? '')
      if (by !== undefined) current = { start, depth: place.length, by }
    },
    end(at, place) {
      if (current?.depth !== place.length) return
      const { start, by } = current
      current = undefined
      const end = start + text.slice(start, at).trimEnd().length
      if (text.slice(start, end) !== by) found.push({ start, end, by })
    },
  })
  return found
}

/** A JSON text with some of its values replaced, as {@link replacementsIn} finds them; the same text if there are none. */
export function withReplaced(text: string, pick: (place: Place, first: string) => string | undefined): string {
  const parts: string[] = []
  let kept = 0
  for (const { start, end, by } of replacementsIn(text, pick)) {
    parts.push(text.slice(kept, start), by)
    kept = end
  }
  return kept === 0 ? text : parts.join('') + text.slice(kept)
}

/** The index of the first character from `at` on that is no white space. */
function afterSpace(text: string, at: number): number {
  let end = at
  while (/\s/.test(text[end] ?? '')) end++
  return end
}

/** What stands between the quotes of a string, whose closing quote may have been cut off. */
const contentOf = (token: string): string =>
  token.length > 1 && token.endsWith('"') ? token.slice(1, -1) : token.slice(1)

/** What a string says, given with its quotes. */
export function readString(token: string): string {
  if (!token.includes('\\')) return contentOf(token)
  try {
    return String(JSON.parse(token))
  } catch {
    // It is cut, or not JSON: what can be read of it is read.
    return contentOf(token).replaceAll(ESCAPE, read)
  }
}

/** An escape; one that JSON does not know stands for the character after its backslash. */
const ESCAPE = /\\(?:u([\da-fA-F]{4})|([^]))/g

const NAMED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

const read = (_escape: string, code: string | undefined, named: string): string =>
  code === undefined ? (NAMED[named] ?? named) : String.fromCharCode(Number.parseInt(code, 16))

/**
 * Where characters of a string stand in its JSON text. Each escape is one character. Linear in the length of the text.
 *
 * @param raw the text between the quotes
 * @param indexes indexes of the decoded string, in ascending order; its length stands for its end
 */
export function indexesInText(raw: string, indexes: readonly number[]): number[] {
  if (!raw.includes('\\')) return [...indexes]
  const found: number[] = []
  /** How much longer the text is than what it says, up to here. */
  let longer = 0
  for (const { 0: escape, index } of raw.matchAll(ESCAPE)) {
    while (found.length < indexes.length && (indexes[found.length] ?? 0) + longer <= index) {
      found.push((indexes[found.length] ?? 0) + longer)
    }
    if (found.length === indexes.length) return found
    longer += escape.length - 1
  }
  return [...found, ...indexes.slice(found.length).map((each) => each + longer)]
}

/**
 * The span of the value of a member of the outermost object in a JSON text, with the white space around it. Of duplicate
 * members the last counts, as for `JSON.parse`.
 */
export function memberSpan(text: string, name: string): readonly [start: number, end: number] | undefined {
  let depth = 0
  let expectsName = false
  let current = ''
  let start: number | undefined
  let found: [number, number] | undefined
  eachToken(text, (token, index, end) => {
    if (token === '{' || token === '[') {
      depth++
      expectsName = depth === 1
    } else if (token === '}' || token === ']') {
      depth--
      if (depth === 0 && start !== undefined) found = [start, index]
    } else if (depth === 1 && token === ',') {
      if (start !== undefined) found = [start, index]
      start = undefined
      expectsName = true
    } else if (depth === 1 && token === ':') {
      if (current === name) start = index + 1
      expectsName = false
    } else if (depth === 1 && expectsName) {
      current = readString(text.slice(index, end))
    }
  })
  return found
}

/** The text of the value of a member of the outermost object, as it stands. */
export function memberText(text: string, name: string): string | undefined {
  const span = memberSpan(text, name)
  return span && text.slice(...span).trim()
}
