/** What a value of FIXTURES is: a directory, or the address of an engine; and how it is shown. */
import { isCredentialParameter } from '../redact/places.ts'

/** What the address of an engine begins with. */
const SCHEMES = ['s3:', 'redis:', 'rediss:', 'postgres:', 'postgresql:'] as const

export type Scheme = (typeof SCHEMES)[number]

/** What FIXTURES may be, in words that complete "it must be …". */
export const PLACES = `the path of a directory, or an address such as s3://bucket/prefix, redis://host/0, rediss://… or postgres://host/database`

/** Where fixtures are if nobody says anything. */
export const USUAL_PLACE = 'fixtures'

/**
 * The flags with which another command finds the same fixtures, read by the same rules. None for what it finds by itself:
 * the usual place, and an address that holds a password, which stands in a variable and nowhere else.
 */
export const flagsFor = (place: string, configFile?: string): readonly string[] => [
  ...(place === USUAL_PLACE || placeOf(place) !== place ? [] : ['--fixtures', place]),
  ...(configFile === undefined ? [] : ['--config', configFile]),
]

/** Where an engine is meant, what follows may be a password, be it that a `/` is missing: nobody calls a directory so. */
const SCHEME = new RegExp(String.raw`^(?:([a-z][a-z\d+.-]+:)//|(${SCHEMES.join('|')}))`, 'i')

/** `s3:` of `s3://bucket/prefix`; undefined of a directory. One letter is a drive of Windows. */
export const schemeOf = (place: string): string | undefined => {
  const [, whole, begun] = SCHEME.exec(place) ?? []
  return (whole ?? begun)?.toLowerCase()
}

export const isAddress = (place: string): boolean => schemeOf(place) !== undefined

export const isScheme = (scheme: string): scheme is Scheme => SCHEMES.some((each) => each === scheme)

/** What is wrong with where the fixtures are and where they are kept, a line for each thing. */
export function flawsOf(place: string, cache: string | undefined): readonly string[] {
  const scheme = schemeOf(place)
  if (scheme !== undefined && !isScheme(scheme)) {
    return [`FIXTURES must be ${PLACES} (got ${JSON.stringify(placeOf(place))}). There is no engine for ${scheme}//.`]
  }
  if (scheme !== undefined && !place.slice(scheme.length).startsWith('//'))
    return [`FIXTURES must be ${PLACES} (got ${scheme} without the // behind it).`]
  if (cache === undefined) return []
  if (isAddress(cache)) {
    return [`FIXTURES_CACHE must be the path of a directory on this machine (got ${JSON.stringify(placeOf(cache))}).`]
  }
  if (scheme !== undefined) return []
  return [
    `FIXTURES_CACHE keeps what is read of an engine, and FIXTURES=${JSON.stringify(place)} is a directory already. Leave FIXTURES_CACHE out, or let FIXTURES name an engine such as s3://bucket/prefix.`,
  ]
}

/**
 * A place as people may see it. Of an address all that could be a user, a password or a key is left out: up to the last
 * `@`, as a password may hold any character, and of the query what is called like a credential.
 */
export function placeOf(place: string): string {
  const scheme = SCHEME.exec(place)?.[0]
  if (scheme === undefined) return place
  const behind = place.slice(scheme.length)
  // In the prefix of a bucket an `@` is a letter like others. Keys for S3 stand in no address, but people put them there.
  const open = behind.replace(schemeOf(place) === 's3:' ? /^\/*(?:[^/]*:.*|[^/]*)@/s : /^.*@/s, '')
  const [address = '', query = ''] = open.split(/\?(.*)/s)
  const shown = query.split('&').filter((pair) => pair !== '' && !isCredentialParameter(pair.split('=', 1)[0] ?? ''))
  return `${scheme}${address}${shown.length > 0 ? `?${shown.join('&')}` : ''}`
}

/** The passwords of an address, as they stand there and as they are meant: no text may hold one. */
export function passwordsIn(place: string): readonly string[] {
  if (!isAddress(place)) return []
  const [, password] = /^[^:]+:\/\/[^:/?#]*:(.+)@/s.exec(place) ?? []
  const [, query = ''] = place.split(/\?(.*)/s)
  const pairs = query.split('&').map((pair) => /^([^=]*)=(.+)$/s.exec(pair))
  const given = pairs.flatMap((pair) => (pair?.[1] && pair[2] && isCredentialParameter(pair[1]) ? [pair[2]] : []))
  return [...(password === undefined ? [] : [password]), ...given].flatMap((each) => [each, decoded(each)])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
