/** What a value of FIXTURES is: a directory, or the address of an engine; and how it is shown. */
import { isCredentialName } from '../redact/places.ts'

const SCHEME = /^([a-z][a-z\d+.-]+:)\/\//i

/** `s3:` of `s3://bucket/prefix`; undefined of a directory. One letter is a drive of Windows. */
export const schemeOf = (place: string): string | undefined => SCHEME.exec(place)?.[1]?.toLowerCase()

export const isAddress = (place: string): boolean => schemeOf(place) !== undefined

/**
 * A place as people may see it. Of an address all that could be a user, a password or a key is left out: up to the last
 * `@`, as a password may hold any character, and of the query what is called like a credential.
 */
export function placeOf(place: string): string {
  const scheme = SCHEME.exec(place)?.[0]
  if (scheme === undefined) return place
  const behind = place.slice(scheme.length)
  // In the prefix of a bucket an `@` is a letter like others, and keys for S3 stand in no address.
  const open = schemeOf(place) === 's3:' ? behind : behind.replace(/^.*@/s, '')
  const [address = '', query = ''] = open.split(/\?(.*)/s)
  const shown = query.split('&').filter((pair) => pair !== '' && !isCredentialName(pair.split('=', 1)[0] ?? ''))
  return `${scheme}${address}${shown.length > 0 ? `?${shown.join('&')}` : ''}`
}

/** The password of an address, as it stands there and as it is meant: no text may hold it. */
export function passwordIn(place: string): readonly string[] {
  const [, password] = /^[a-z][a-z\d+.-]+:\/\/[^:/?#]*:(.+)@/is.exec(place) ?? []
  return password === undefined ? [] : [password, decoded(password)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
