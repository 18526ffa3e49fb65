/** Redirects: none is followed, and none leads a client's question to another host. */
import type { Incoming } from '../../api/call.ts'

/** Methods that ask with nothing but their address: what they are led to gets no more than that. */
const BARE: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * The answer without a `location` at another host, unless the call only asked for something to be fetched. Clients follow
 * a redirect by themselves, and would send the question there, and take the answer for the API's.
 *
 * @param origin where the call went
 */
export function withoutDetour(incoming: Incoming, method: string, origin: string): Incoming {
  const { status, headers } = incoming
  if (status < 300 || status > 399 || BARE.has(method)) return incoming
  return {
    ...incoming,
    headers: headers.filter(([name, value]) => name.toLowerCase() !== 'location' || isWithin(value, origin)),
  }
}

function isWithin(location: string, origin: string): boolean {
  const base = new URL(origin)
  return URL.canParse(location, base.href) && new URL(location, base.href).host === base.host
}

/**
 * A location as a client reads it that named the host in front of the path: one without a host of its own leads to the
 * named one, where it would lead to another API, and take the client's key there.
 */
export function behindHost(
  location: string,
  { named, path }: { readonly named: string; readonly path: string },
): string {
  if (/^[a-z][a-z\d+.-]*:|^[/\\]{2}/i.test(location) || !URL.canParse(location, `http://host${path}`)) return location
  const { pathname, search, hash } = new URL(location, `http://host${path}`)
  return `/${named}${pathname}${search}${hash}`
}
