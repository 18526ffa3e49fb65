/** Where a call goes. */
import type { Call, Destination } from '../../api/call.ts'

/** An address in two parts: a URL would write the path in its own way. */
export interface Address {
  /** Scheme, host and port. */
  readonly origin: string
  /** Path and query. */
  readonly path: string
}

/** A path as it stands below a base address, which names the version of the API itself. */
export const belowBase = (path: string): string => path.replace(/^\/v1(?=\/|$)/, '')

/**
 * The address of a call: its path and its query as the client wrote them, below the base address.
 *
 * @param baseURL a query that it has comes first
 */
const addressOf = (baseURL: string, { path, query }: Pick<Call, 'path' | 'query'>): Address =>
  joined(baseURL, belowBase(path), query)

/** What a path begins with that names its version: that of Google's files stands behind what is done with them. */
const VERSION = /^(?:\/(?:up|down)load)?\/v\d/

/** The address of a call that goes to this destination. */
export function addressAt(
  { base = '', asIs, service }: Destination,
  { path, query }: Pick<Call, 'path' | 'query'>,
): Address {
  if (asIs) return joined(base, path, query)
  // The address of OpenAI and of those who speak as it does names the version itself.
  if (service?.version === undefined && /\/v\d\w*$/.test(new URL(service?.url ?? base).pathname)) {
    return addressOf(base, { path, query })
  }
  const whole = service?.version === undefined || VERSION.test(path) ? path : service.version + path
  const [version = ''] = /^\/v\d\w*(?=\/)/.exec(whole) ?? []
  const repeats = version !== '' && new URL(base).pathname.endsWith(version)
  return joined(base, repeats ? whole.slice(version.length) : whole, query)
}

function joined(baseURL: string, path: string, query: string): Address {
  const base = new URL(baseURL)
  const whole = base.pathname.replace(/\/+$/, '') + path
  const queries = [base.search, query].map((each) => each.slice(1)).filter((each) => each !== '')
  return { origin: base.origin, path: (whole || '/') + (queries.length > 0 ? `?${queries.join('&')}` : '') }
}
