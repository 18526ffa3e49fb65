/** Who is let in: the rules for `Host` and `Origin`, which keep pages of other sites away, and the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { DeltatapeError } from '../base/errors.ts'
import { isLoopback } from '../base/host.ts'
import type { Config } from '../config.ts'

/** The headers that the rules look at, as they were sent. */
export interface Visitor {
  readonly host: string | undefined
  readonly origin: string | undefined
}

/**
 * Lets a visitor in, or says why not.
 *
 * A `Host` that is no name of this server is what DNS rebinding looks like. A browser says in `Origin` which page is
 * asking; other programs send none. `null` is the origin of any sandboxed page.
 */
export function admit({ host, origin }: Visitor, config: Config): DeltatapeError | undefined {
  const name = hostName(host)
  const known =
    name !== undefined &&
    (isLoopback(name) ||
      name === hostName(config.host) ||
      config.allowedHosts.some((allowed) => matches(allowed, host)))
  if (!known) {
    const shown = host === undefined ? 'no Host' : `the Host ${JSON.stringify(host)}`
    return new DeltatapeError(
      'forbidden',
      `This request has ${shown}, which is not this server's. ALLOWED_HOSTS can name it.`,
    )
  }
  if (origin === undefined || config.allowedOrigins.includes(origin)) return undefined
  const from = URL.canParse(origin) ? new URL(origin) : undefined
  const web = from?.protocol === 'http:' || from?.protocol === 'https:'
  if (web && from.host === host?.toLowerCase()) return undefined
  if (web && config.mode === 'replay' && isLoopback(from.hostname)) return undefined
  return new DeltatapeError(
    'forbidden',
    `Pages of the origin ${JSON.stringify(origin)} are not let in${config.mode === 'replay' ? '' : ` in ${config.mode} mode, which can spend money`}. ALLOWED_ORIGINS can name it.`,
  )
}

/** The name in a `Host` header, without its port, in lower case; an IPv6 address keeps its brackets. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined) return undefined
  const [, bracketed, plain] = /^(?:(\[[\da-f:.]+\])|([\w.-]+))(?::\d*)?$/i.exec(host) ?? []
  if (bracketed ?? plain) return (bracketed ?? plain)?.toLowerCase()
  return /^[\da-f:.]+$/i.test(host) ? `[${host.toLowerCase()}]` : undefined
}

/** An allowed host with a port stands for that port alone. */
const matches = (allowed: string, host: string | undefined): boolean =>
  /:\d+$/.test(allowed) ? allowed.toLowerCase() === host?.toLowerCase() : hostName(allowed) === hostName(host)

/** The credentials that a visitor sent: the headers `authorization` and `x-deltatape-token`. */
export interface Credentials {
  readonly authorization: string | undefined
  readonly token: string | undefined
}

/**
 * Asks for the token where one is set, and gives the visitor's own API key where it sent one. What was compared with
 * the token is never taken for a key, so that it cannot be forwarded.
 *
 * @throws DeltatapeError `unauthorized`
 */
export function authorize(
  { authorization, token }: Credentials,
  { authToken }: Config,
): { apiKey: string | undefined } {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (authToken === undefined) return { apiKey: bearer }
  if (!isSame(token ?? bearer, authToken)) {
    throw new DeltatapeError(
      'unauthorized',
      'This server wants its AUTH_TOKEN, as bearer token or in the header x-deltatape-token.',
    )
  }
  return { apiKey: token === undefined || isSame(bearer, authToken) ? undefined : bearer }
}

/** Compares in a time that does not tell how much of it is right. */
function isSame(given: string | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return given !== undefined && timingSafeEqual(digest(given), digest(wanted))
}
