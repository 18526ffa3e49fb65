/** Where a call goes. */
import type { Call } from '../../api/call.ts'

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
export function addressOf(baseURL: string, { path, query }: Pick<Call, 'path' | 'query'>): Address {
  const base = new URL(baseURL)
  const whole = base.pathname.replace(/\/+$/, '') + belowBase(path)
  const queries = [base.search, query].map((each) => each.slice(1)).filter((each) => each !== '')
  return { origin: base.origin, path: (whole || '/') + (queries.length > 0 ? `?${queries.join('&')}` : '') }
}
