/** The address of an engine, as FIXTURES has it: what is ours in its query, and how it is shown to people. */
import { DeltatapeError } from '../../base/errors.ts'
import { placeOf } from '../place.ts'

/** The one thing that an address may say of its own to deltatape, in its query: where in the engine fixtures are. */
export interface Own {
  readonly parameter: string
  readonly fallback: string
  readonly allowed: RegExp
  /** What is allowed, in words. */
  readonly words: string
}

export interface Address {
  /** Without what is ours. */
  readonly url: URL
  /** The value of what is ours. */
  readonly own: string
  /** As people may see it. */
  readonly place: string
}

/** @throws DeltatapeError `config_invalid`, which repeats nothing of the address: it may hold a password */
export function addressOf(text: string, { parameter, fallback, allowed, words }: Own): Address {
  const url = URL.parse(text)
  // A `#` ends an address early: what follows may be the rest of a password.
  if (!url || text.includes('#'))
    throw invalid(
      `no address such as ${/^\w+/.exec(text)?.[0]}://user:password@host. Special characters of a password are written as % and two digits: @ as %40, # as %23, / as %2F.`,
    )
  const own = url.searchParams.get(parameter) ?? fallback
  if (!allowed.test(own)) throw invalid(`${parameter}=${JSON.stringify(own)} must be ${words}.`)
  url.searchParams.delete(parameter)
  return { url, own, place: placeOf(text) }
}

/** A part of an address as it is meant. */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid('a % that is no part of %20 or its like. Alone it is written %25.')
  }
}

/** That an address cannot be used. It repeats nothing of it that could be secret. */
export const invalid = (what: string): DeltatapeError => new DeltatapeError('config_invalid', `FIXTURES has ${what}`)
