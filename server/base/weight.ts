/** What texts take of memory, and what becomes of JSON when it is read: a multiple of its text. In bytes. */
import { inOneGo, inTurns } from './clock.ts'
import { endOfString } from './json-text.ts'

/** What a text takes at most: a character takes two bytes if any of them is beyond Latin-1. */
export const weightOf = (text: string): number =>
  Buffer.byteLength(text) === text.length ? text.length : 2 * text.length

/** What V8 makes of each mark of a JSON text: an object or array, a member with its name, an item, a text. */
const MARKS: Readonly<Record<string, number>> = { '{': 64, '[': 64, ':': 40, ',': 8, '"': 32 }

const WEIGHTS = Uint8Array.from({ length: 128 }, (_, code) => MARKS[String.fromCharCode(code)] ?? 0)

const QUOTE = 0x22

/** After so many characters others may go first: half a millisecond. */
const PIECE_CHARS = 128 * 1024

/** Weighs the value of a JSON text, but for its texts, in pieces. */
function* inPieces(json: string): Generator<undefined, number> {
  let weight = 0
  for (let at = 0, until = PIECE_CHARS; at < json.length; until += PIECE_CHARS) {
    while (at < Math.min(until, json.length)) {
      const code = json.charCodeAt(at)
      weight += WEIGHTS[code] ?? 0
      at = code === QUOTE ? endOfString(json, at) : at + 1
    }
    yield
  }
  return weight
}

/** What the value takes that is read from a JSON text, but for the characters of its texts: those it has in common with it. */
export const parsedWeightOf = (json: string): number => inOneGo(inPieces(json))

/** The same for a text that may be long: everything else of the process goes first between its pieces. */
export const weighInTurns = (json: string): Promise<number> => inTurns(inPieces(json))
