/** Who is let in: the rules for `Host` and `Origin`, which keep the pages of other sites away, and the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Headers, headerOf } from '../api/headers.ts'
import { DeltatapeError } from '../base/errors.ts'
import { quoted } from '../base/name.ts'
import { isLoopback } from '../base/host.ts'

/** The headers that the rules look at, as they were sent. */
export interface Visitor {
  readonly host: string | undefined
  readonly origin: string | undefined
  /** `sec-fetch-site`: browsers say it of requests that have no `Origin`, too. */
  readonly site?: string | undefined
}

/** What the rules depend on. */
export interface GuardSettings {
  readonly mode: string
  readonly host: string
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
}

/**
 * Decides whether a visitor is let in.
 *
 * A page that rebinds a name of its own to this machine (DNS rebinding) sends that name as `Host`: only the server's
 * own names are let in. A browser says in `Origin` which page is asking; other programs send none. `null` is the origin
 * of any sandboxed page.
 *
 * @returns why not; undefined if the visitor is let in
 */
export function admit({ host, origin, site }: Visitor, config: GuardSettings): DeltatapeError | undefined {
  const name = hostName(host)
  const known =
    name !== undefined &&
    (isLoopback(name) ||
      name === hostName(config.host) ||
      config.allowedHosts.some((allowed) => matches(allowed, host)))
  if (!known) {
    const shown = host === undefined ? 'no Host' : `the Host ${quoted(host)}`
    return new DeltatapeError(
      'forbidden',
      `This request has ${shown}, which is not this server's. Name it in ALLOWED_HOSTS to let it in.`,
    )
  }
  // The image of a page has no `Origin`, and would spend money all the same.
  if (origin === undefined && site === 'cross-site' && config.mode !== 'replay') {
    return new DeltatapeError(
      'forbidden',
      `Requests that a page of another site makes are not let in in ${config.mode} mode, which can spend money. A page of an origin in ALLOWED_ORIGINS may ask with fetch.`,
    )
  }
  if (origin === undefined || config.allowedOrigins.includes(origin)) return undefined
  const from = webOrigin(origin)
  if (from?.host === host?.toLowerCase()) return undefined
  if (from && config.mode === 'replay' && isLoopback(from.hostname)) return undefined
  return new DeltatapeError(
    'forbidden',
    `Pages of the origin ${quoted(origin)} are not let in${config.mode === 'replay' ? '' : ` in ${config.mode} mode, which can spend money`}. Name it in ALLOWED_ORIGINS to let them in.`,
  )
}

/**
 * Whether a visitor that was let in is a page of this very server, or no page. What fixtures hold is told to nobody else:
 * in replay pages of any other port of this machine are let in, too.
 */
export const isOfOwnPage = ({ host, origin, site }: Visitor): boolean =>
  (origin === undefined || (host !== undefined && webOrigin(origin)?.host === host.toLowerCase())) &&
  (site === undefined || site === 'same-origin' || site === 'none')

/** The origin of a page that was loaded over HTTP. */
function webOrigin(origin: string): URL | undefined {
  const from = URL.canParse(origin) ? new URL(origin) : undefined
  return from?.protocol === 'http:' || from?.protocol === 'https:' ? from : undefined
}

/** The name in a `Host` header, without its port, in lower case; an IPv6 address keeps its brackets. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined) return undefined
  const [, bracketed, plain] = /^(?:(\[[\da-f:.]+\])|([\w.-]+))(?::\d*)?$/i.exec(host) ?? []
  if (bracketed ?? plain) return (bracketed ?? plain)?.toLowerCase()
  return /^[\da-f:.]+$/i.test(host) ? `[${host.toLowerCase()}]` : undefined
}

/** Whether an allowed host is this one. An allowed host with a port allows that port alone. */
const matches = (allowed: string, host: string | undefined): boolean =>
  /:\d+$/.test(allowed) ? allowed.toLowerCase() === host?.toLowerCase() : hostName(allowed) === hostName(host)

/** The credentials that a visitor sent. */
export interface Credentials {
  /** The header `authorization`. */
  readonly authorization: string | undefined
  /** The header `x-deltatape-token`. */
  readonly token: string | undefined
  /** What stands in the headers that other APIs read a key from. */
  readonly others?: readonly string[]
}

/** The headers that APIs read a key from, beside `authorization`. */
const KEY_HEADERS = ['x-api-key', 'x-goog-api-key', 'api-key']

/** The credentials in the headers of a request. */
export const credentialsIn = (headers: Headers): Credentials => ({
  authorization: headerOf(headers, 'authorization'),
  token: headerOf(headers, 'x-deltatape-token'),
  others: KEY_HEADERS.flatMap((name) => headerOf(headers, name) ?? []),
})

/**
 * The headers of a call that the API may see: those of a client's own. What holds the token, wherever a client put it, and
 * what is no key, is left out.
 *
 * @param apiKey the key in `authorization`, as {@link authorize} gave it
 */
export const withoutToken = (headers: Headers, apiKey: string | undefined, authToken: string | undefined): Headers =>
  headers.filter(([name, value]) => {
    const lower = name.toLowerCase()
    if (authToken !== undefined && holds(value, authToken)) return false
    if (lower === 'authorization') return apiKey !== undefined
    return !KEY_HEADERS.includes(lower) || value !== NO_KEY
  })

/** Whether one of the words of a value is the token: it may stand behind a scheme, or in quotes. */
const holds = (value: string, authToken: string): boolean =>
  value.includes(authToken) && (value === authToken || value.split(/[\s,;="']+/).includes(authToken))

/** A query without the token, which may stand where an API takes its key. */
export function queryWithoutToken(query: string, authToken: string | undefined): string {
  if (authToken === undefined || query === '') return query
  const kept = query
    .slice(1)
    .split('&')
    .filter((each) => ![...new URLSearchParams(each).values()].some((value) => holds(value, authToken)))
  return kept.length > 0 ? `?${kept.join('&')}` : ''
}

/** What a client sends as its key that has none: SDKs want one, and the examples say this. */
const NO_KEY = 'any'

/**
 * Asks for the token if one is set, and gives the visitor's own API key. What was compared with the token is never
 * taken for a key, so that it cannot be forwarded.
 *
 * @returns the key; undefined if the visitor brought none, or the word `any`
 * @throws DeltatapeError `unauthorized`
 */
export function authorize(
  { authorization, token, others = [] }: Credentials,
  { authToken }: { readonly authToken: string | undefined },
): { readonly apiKey: string | undefined } {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? []
  // Another scheme is a credential all the same, and the API's to judge.
  const own = bearer ?? (/^(?:Bearer)?\s*$/i.test(authorization ?? '') ? undefined : authorization)
  const apiKey = own === NO_KEY ? undefined : own
  if (authToken === undefined) return { apiKey }
  const given = token === undefined ? [bearer, ...others] : [token]
  if (!given.some((each) => isSame(each, authToken))) {
    throw new DeltatapeError(
      'unauthorized',
      'This server asks for its AUTH_TOKEN: send it as bearer token, or in the header x-deltatape-token.',
    )
  }
  return { apiKey: apiKey !== undefined && holds(apiKey, authToken) ? undefined : apiKey }
}

/** Compares in a time that does not tell how much of the given text is right. */
function isSame(given: string | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return given !== undefined && timingSafeEqual(digest(given), digest(wanted))
}
