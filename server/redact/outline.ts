/**
 * Events of a stream look alike: what stands around their values is the same text. What is known of it by one of them holds
 * for the next, of which only the values are looked at.
 */
import type { IsWord } from '../api/words.ts'
import { type Place, eachString, endOfString, readString } from '../base/json-text.ts'
import type { Leaf } from './leaves.ts'

/** A string in an outline. */
interface Slot {
  readonly place: Place
  /** The place as one text: no other slot has the same. */
  readonly where: string
  /** What stood there last, with its quotes: nothing can be found in it. */
  token: string
  /** Whether that is a word of the protocol. */
  isWord: boolean
}

const NUMBER = Symbol('a number')

/** What all texts that look alike have, in order: what stands around their values, a string, a number. */
type Outline = readonly (string | Slot | typeof NUMBER)[]

/** What tells strings apart. */
interface Judge {
  /** Whether a text, or the JSON text of it, can hold a match at all. */
  readonly mayHold: (text: string) => boolean
  readonly isWord: IsWord
}

/** How many outlines of one type of event are kept. */
const MAX_OUTLINES = 8

/** What is known of the events of one answer. */
export interface Outlines {
  /**
   * The strings of an event that are neither words nor empty, in order, if it looks like one before it. Undefined if it
   * does not, or something may be found in one of its strings: then all of it has to be looked at.
   */
  read(type: string, text: string): Text[] | undefined
  /** Takes an event in which nothing can be found. The first of a type may be the only one: of that nothing is kept. */
  learn(type: string, text: string): void
}

export function createOutlines(judge: Judge): Outlines {
  const known = new Map<string, Outline[]>()
  return {
    read(type, text) {
      for (const outline of known.get(type) ?? []) {
        const texts = readAlong(outline, text, judge)
        if (texts) return texts
      }
      return undefined
    },
    learn(type, text) {
      const own = known.get(type)
      if (own === undefined) return void known.set(type, [])
      const outline = own.length < MAX_OUTLINES ? outlineOf(text, judge.isWord) : undefined
      if (outline) own.push(outline)
    },
  }
}

/** A name, which stays, or a number. */
const NAME_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g

/**
 * The outline of a JSON text in which nothing can be found. Undefined if two of its strings stand at one place: which of
 * them counts depends on what they say.
 */
function outlineOf(text: string, isWord: IsWord): Outline | undefined {
  const outline: (string | Slot | typeof NUMBER)[] = []
  const places = new Set<string>()
  let strings = 0
  let from = 0
  const addUpTo = (to: number) => {
    let kept = from
    for (const { 0: found, index } of text.slice(from, to).matchAll(NAME_OR_NUMBER)) {
      if (found.startsWith('"')) continue
      outline.push(text.slice(kept, from + index), NUMBER)
      kept = from + index + found.length
    }
    outline.push(text.slice(kept, to))
  }
  eachString(text, ({ isName, place, raw, start, value }) => {
    if (isName) return
    addUpTo(start - 1)
    from = start + raw.length + 1
    const where = place.join('\0')
    places.add(where)
    strings++
    outline.push({ place: [...place], where, token: text.slice(start - 1, from), isWord: isWord(place, value) })
  })
  addUpTo(text.length)
  return places.size === strings ? outline : undefined
}

/** A string that is neither a word nor empty, and its place as one text. */
export interface Text {
  readonly where: string
  readonly leaf: Leaf
}

function readAlong(outline: Outline, text: string, { mayHold, isWord }: Judge): Text[] | undefined {
  const texts: Text[] = []
  let at = 0
  for (const part of outline) {
    if (part === NUMBER) {
      while (isOfNumber(text.charCodeAt(at))) at++
    } else if (typeof part === 'string') {
      if (!text.startsWith(part, at)) return undefined
      at += part.length
    } else {
      const start = at
      if (text.startsWith(part.token, at)) at += part.token.length
      else if (text[at] === '"') at = endOfString(text, at)
      else return undefined
      const token = text.slice(start, at)
      const value = readString(token)
      if (token !== part.token) {
        if (mayHold(token)) return undefined
        part.token = token
        part.isWord = isWord(part.place, value)
      }
      if (!part.isWord && value !== '') texts.push({ where: part.where, leaf: leafOf(part, token, value, start) })
    }
  }
  return at === text.length ? texts : undefined
}

const leafOf = ({ place }: Slot, token: string, value: string, start: number): Leaf => ({
  value,
  raw: token.slice(1, -1),
  start: start + 1,
  isName: false,
  place,
  // A text with a place for credentials is one in which something can be found.
  isCredential: false,
})

const [DASH, PLUS, DOT, ZERO, NINE, UPPER_E, LOWER_E] = [0x2d, 0x2b, 0x2e, 0x30, 0x39, 0x45, 0x65]

const isOfNumber = (code: number): boolean =>
  (code >= ZERO && code <= NINE) ||
  code === DASH ||
  code === PLUS ||
  code === DOT ||
  code === UPPER_E ||
  code === LOWER_E
