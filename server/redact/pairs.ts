/** Redacts names and values in pairs: the parameters of a query, the headers of an answer. */
import type { Finder } from './finder.ts'
import { type Found, placeholderFor, replace } from './match.ts'
import { isCredentialHeader, isWordHeader, parameterKind } from './places.ts'

export type Pairs = readonly (readonly [name: string, value: string])[]

/** How a text is redacted: as a whole if that takes too long, or with an error. */
interface Texts {
  text(value: string, found?: Found): string
  inText(value: string, found?: Found): string
}

/** The two ways to redact pairs. What is clean is the very same list. */
export const createPairs = (finder: Finder, { text, inText }: Texts) => ({
  query: (pairs: Pairs, found?: Found): Pairs =>
    mapPairs(pairs, (name, value) => {
      const kind = parameterKind(name)
      const clean = replace(name, finder.secretsIn(name), found)
      if (kind === undefined || finder.credentials.isStandIn(value)) return [clean, inText(value, found)]
      found?.(kind)
      return [name, placeholderFor(kind)]
    }),
  headers: (headers: Pairs, found?: Found): Pairs =>
    mapPairs(headers, (name, value) => {
      const credential = isCredentialHeader(name) ? finder.credentials.in(value) : []
      if (credential.length > 0) return [name, replace(value, credential, found)]
      if (isWordHeader(name)) return [name, replace(value, finder.secretsIn(value), found)]
      const redacted = text(value, found)
      // An address may lack its host.
      return [name, redacted.startsWith('/') ? replace(redacted, finder.inAddress(redacted), found) : redacted]
    }),
})

function mapPairs(pairs: Pairs, change: (name: string, value: string) => readonly [string, string]): Pairs {
  const changed = pairs.map(([name, value]) => change(name, value))
  return changed.every(([name, value], index) => name === pairs[index]?.[0] && value === pairs[index]?.[1])
    ? pairs
    : changed
}
