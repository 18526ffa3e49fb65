/** JSON text, laid out anew without being read: numbers stay as they stand, however long. Pure. */
import { number } from './format.ts'
import { beginningOf } from './shown.ts'

export interface Token {
  /** What it is, and so its colour; `other` is brackets, commas and space. */
  readonly kind: 'key' | 'string' | 'number' | 'word' | 'other' | 'more'
  readonly text: string
}

/** What bounds a view: how long a string may be, how many tokens there are, how deep lines are moved in. */
const MAX_STRING = 600
const MAX_TOKENS = 6000
const MAX_INDENT = 24

const TOKEN = /\s+|("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)|([[{])(\s*[\]}])?|([\]}])|(,)/gsy

/** Whether a text is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The tokens of a JSON text with line ends and space between; undefined if it is no JSON. */
export function tokensOf(text: string): readonly Token[] | undefined {
  if (!isJson(text)) return undefined
  const tokens: Token[] = []
  let depth = 0
  const add = (kind: Token['kind'], part: string): void => void tokens.push({ kind, text: part })
  const line = (): void => add('other', `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}`)
  for (const match of text.matchAll(TOKEN)) {
    if (tokens.length >= MAX_TOKENS) {
      add('more', `\n… ${number(text.length - match.index)} characters more`)
      return tokens
    }
    const [, string, colon, numeral, word, open, closed, close, comma] = match
    if (string !== undefined) addString(add, string, colon !== undefined)
    else if (numeral !== undefined) add('number', numeral)
    else if (word !== undefined) add('word', word)
    else if (open !== undefined && closed !== undefined) add('other', open + closed.trim())
    else if (open !== undefined) {
      add('other', open)
      depth += 1
      line()
    } else if (close !== undefined) {
      depth -= 1
      line()
      add('other', close)
    } else if (comma !== undefined) {
      add('other', ',')
      line()
    }
  }
  return tokens
}

function addString(add: (kind: Token['kind'], text: string) => void, string: string, isKey: boolean): void {
  const shown = beginningOf(string, MAX_STRING)
  const rest = string.length - shown.length
  add(isKey ? 'key' : 'string', rest > 0 ? `${shown}…` : shown)
  if (rest > 0) add('more', ` ${number(rest)} characters more`)
  if (isKey) add('other', ': ')
}
