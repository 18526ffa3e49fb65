/** Headers: which are passed on, and which are kept in fixtures. */

/** Names and values in pairs, as they were sent and in that order. */
export type Headers = readonly (readonly [name: string, value: string])[]

/** Headers as Node and undici give them, names and values in turn, in pairs. */
export function inPairs(raw: readonly unknown[]): Headers {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([String(raw[index]), String(raw[index + 1])])
  return pairs
}

/** The value of a header, by its name in lower case; several are joined as HTTP says (RFC 9110, 5.3). */
export function headerOf(headers: Headers, name: string): string | undefined {
  let found: string | undefined
  for (const [each, value] of headers) {
    // Most names are told apart by their length.
    if (each.length !== name.length || each.toLowerCase() !== name) continue
    found = found === undefined ? value : `${found}, ${value}`
  }
  return found
}

/** Headers that are about one connection (RFC 9110, 7.6.1), and `expect`, which the server has answered. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What names the connection's own headers beside the fixed ones. */
const namedBy = (headers: Headers): ReadonlySet<string> =>
  new Set(
    headers
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(',').map((each) => each.trim().toLowerCase())),
  )

const OURS = /^x-deltatape(?:-|$)/

/**
 * The headers of a call that the API gets: all but the connection's, `host`, `content-length` (which the body gives),
 * cookies, and deltatape's own.
 */
export function passedUp(headers: Headers): Headers {
  const named = namedBy(headers)
  return headers.filter(([name]) => {
    const lower = name.toLowerCase()
    return (
      !OF_THE_CONNECTION.has(lower) &&
      !named.has(lower) &&
      !['host', 'cookie', 'content-length'].includes(lower) &&
      !OURS.test(lower)
    )
  })
}

/**
 * The headers of an answer that the client gets: all but the connection's, and those that say which pages may read it,
 * which is deltatape's to decide.
 *
 * @param decoded whether the content coding was taken off the body: then its length is another, too
 */
export function passedDown(headers: Headers, decoded: boolean): Headers {
  const named = namedBy(headers)
  return headers.filter(([name]) => {
    const lower = name.toLowerCase()
    if (decoded && (lower === 'content-encoding' || lower === 'content-length')) return false
    return (
      !OF_THE_CONNECTION.has(lower) && !named.has(lower) && !OURS.test(lower) && !lower.startsWith('access-control-')
    )
  })
}

/** Headers without the length of the body: those of one that may become another. */
export const withoutLength = (headers: Headers): Headers =>
  headers.filter(([name]) => name.toLowerCase() !== 'content-length')

/** Headers that say which part of something a call asks for, or sends: they count for its key, whichever API it is of. */
const OF_A_PART = ['content-range', 'last-event-id', 'range']

/**
 * The headers that count for the key of a call, in lower case.
 *
 * @param own those that its API names
 */
export const headersThatCount = (own: readonly string[] = []): readonly string[] =>
  own.length === 0 ? OF_A_PART : [...new Set([...own, ...OF_A_PART])]

/**
 * The headers of an answer that clients act on. No other is written to a fixture: most name an account or a machine. A
 * content coding is there only if it was not taken off.
 */
const KEPT =
  /^(?:content-(?:type|encoding|language|disposition|range)|accept-ranges|link|retry-after|retry-after-ms|x-should-retry|(?:x-)?request-id|x-generation-id|x-amzn-(?:requestid|errortype)|x-amzn-bedrock-.+|mcp-session-id|www-authenticate|(?:operation-)?location|x-goog-upload-.+|(?:x|anthropic)-ratelimit-.+)$/

/**
 * The headers of an answer that a fixture keeps, with their names in lower case.
 *
 * @param method of the call: what HEAD says of a length is all that is told of it
 */
export const keptHeaders = (headers: Headers, method: string): Headers =>
  headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => KEPT.test(name) || (method === 'HEAD' && name === 'content-length'))

/** The names that HTTP has for headers, and what their values may hold (RFC 9110, 5.1 and 5.5). */
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/
const CONTROL = /[^\t\x20-\x7e\x80-\u{10ffff}]/u
const BEYOND_LATIN_1 = /[^\t\x20-\x7e\x80-\xff]/

/**
 * The headers that can be sent. What is no header, such as one with a line break in it, is left out; of a value beyond
 * Latin-1 the characters are encoded as in a URL.
 */
export const sendable = (headers: Headers): Headers =>
  headers
    .filter(([name, value]) => NAME.test(name) && !CONTROL.test(value))
    .map(([name, value]) => [name, BEYOND_LATIN_1.test(value) ? encodeURI(value.toWellFormed()) : value] as const)
