/** Credentials in the addresses that a text holds: parameters by their names, signatures of signed addresses. */
import type { CredentialFinder } from './credential.ts'
import { type Match, type Rule, secretAt } from './match.ts'
import { parameterKind } from './places.ts'

const SCHEME = /(?:https?|wss?)$/i

/** The longest of the schemes. */
const SCHEME_CHARS = 5

/** What ends an address. JSON that was put into a text may have its `&` escaped. */
const END = /[\s"'<>`]|\\(?!u0026)/g

/** The name of a parameter; also of one in an address that is itself a parameter. */
const PARAMETER = /(?:[?&;#]|%3F|%26|%23|\\u0026)([\w.~-]{1,100})(=|%3D)/gi

/** What ends the value of a parameter: the next one, or the next address of a list. */
const VALUE_END = /[&#\\]|,(?=https?:)/gi

/** The same for a parameter of an address that is itself a parameter. */
const ENCODED_VALUE_END = /[&#\\]|,(?=https?:)|%2[36]/gi

/** What may follow an address in a sentence: its end, or a bracket that was opened before the address. */
const AFTER = /[.,;:!?*)\]}]/

/** Makes the rule that finds the credentials in the addresses of a text. Linear in the length of the text. */
export const createAddressRule = (credentials: CredentialFinder): Rule => ({
  hints: ['://'],
  find(text) {
    const matches: Match[] = []
    for (let colon = text.indexOf('://'); colon !== -1;) {
      if (SCHEME.test(text.slice(Math.max(0, colon - SCHEME_CHARS), colon))) {
        const address = text.slice(colon, indexOf(END, text, colon))
        for (const match of inAddress(address, colon, credentials)) matches.push(match)
        colon += address.length
      } else {
        colon += 3
      }
      colon = text.indexOf('://', colon)
    }
    return matches
  },
})

/**
 * The credentials in the parameters of one address.
 *
 * @param start the index at which the address begins in its text
 */
export function inAddress(address: string, start: number, credentials: CredentialFinder): Match[] {
  const matches: Match[] = []
  const next = new RegExp(PARAMETER)
  for (let found = next.exec(address); found; found = next.exec(address)) {
    const [, name = '', equals] = found
    const kind = parameterKind(name)
    if (kind === undefined) continue
    const from = next.lastIndex
    const value = address.slice(from, indexOf(equals === '=' ? VALUE_END : ENCODED_VALUE_END, address, from))
    const end = from + lengthWithin(value)
    next.lastIndex = from + value.length
    if (!credentials.isStandIn(address.slice(from, end))) matches.push(secretAt(start + from, start + end, kind))
  }
  return matches
}

/**
 * The index at which something ends: that of the first match from an index on, or the end of the text. Ends are searched
 * for, since an expression that repeats over several megabytes overflows its stack.
 */
function indexOf(end: RegExp, text: string, from: number): number {
  const search = new RegExp(end)
  search.lastIndex = from
  return search.exec(text)?.index ?? text.length
}

/** The length of a value without what follows the address in its sentence. */
function lengthWithin(value: string): number {
  let end = value.length
  let open: number | undefined
  for (; end > 0; end--) {
    const last = value[end - 1] ?? ''
    if (!AFTER.test(last)) break
    if (!CLOSING.test(last)) continue
    // A bracket that was opened in the value belongs to it.
    open ??= countOf(OPENING, value) - countOf(CLOSING, value)
    if (open >= 0) break
    open++
  }
  return end
}

const OPENING = /[([{]/

const CLOSING = /[)\]}]/

const countOf = (character: RegExp, text: string): number => text.split(character).length - 1
