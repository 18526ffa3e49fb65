/** What the target of a request says: its path, its query, and in which manner the client wants to be answered. */
import { any } from '../api/any.ts'
import type { Manner } from '../api/call.ts'
import type { Headers } from '../api/headers.ts'
import { isKnownPath } from '../api/hosts.ts'
import { apiOf } from '../api/index.ts'
import { withoutHost } from '../model/transport/route.ts'

/** A target that is a whole URL (RFC 9112, 3.2.2): a client that takes this server for a proxy sends one. */
const WHOLE = /^[a-z][a-z\d+.-]*:\/\/([^/?#\\]*)/i

/**
 * The path and the query of a request, whatever its target looks like. Slashes at the beginning are one: nothing in a
 * path is a host but its first segment.
 */
export function splitTarget(target: string): { readonly path: string; readonly search: string } {
  if (!target.startsWith('/') || target.startsWith('//') || /[^\x21-\x7e]|[\\#]|\/\./.test(target)) {
    const url = WHOLE.test(target) ? target : `http://localhost${target.startsWith('/') ? '' : '/'}${target}`
    if (!URL.canParse(url)) return { path: '/', search: '' }
    const { pathname, search } = new URL(url)
    return { path: pathname.replace(/^\/+/, '/'), search }
  }
  const at = target.indexOf('?')
  return at === -1 ? { path: target, search: '' } : { path: target.slice(0, at), search: target.slice(at) }
}

/** The host that is asked: that of the header, and beside it another one that the target names, which no server is. */
export function hostAsked(target: string, host: string | undefined): string | undefined {
  const named = WHOLE.exec(target)?.[1]
  return named === undefined || named.toLowerCase() === host?.toLowerCase() ? host : `${host ?? ''}, ${named}`
}

/** Deltatape's own parameters, and so the members of a manner. */
const OWN = ['fault', 'pace'] as const

/**
 * Takes deltatape's own parameters out of a query; the others stay as they were sent.
 *
 * @param header a header of the request by its name: `x-deltatape-fault` says the same as `?fault=`, which counts first
 */
export function withoutManner(
  search: string,
  header: (name: string) => string | undefined,
): { readonly manner: Manner; readonly query: string } {
  const byHeader = { fault: header('x-deltatape-fault') || undefined, pace: header('x-deltatape-pace') || undefined }
  if (!/fault|pace|%/i.test(search)) return { manner: byHeader, query: search === '?' ? '' : search }
  const parts = search.slice(1).split('&')
  const isOwn = (part: string) => OWN.some((name) => new URLSearchParams(part).has(name))
  const rest = parts.filter((part) => !isOwn(part)).join('&')
  const own = new URLSearchParams(parts.filter(isOwn).join('&'))
  const [fault, pace] = OWN.map((name) => own.get(name) || byHeader[name])
  return { manner: { fault, pace }, query: rest === '' ? '' : `?${rest}` }
}

/**
 * Whether a request is a call to an API: by its path, by the host in front of it, or by its head.
 *
 * @param headersOf gives the headers, if the path does not say it
 */
export const isCall = (method: string, path: string, headersOf: () => Headers): boolean =>
  method !== 'OPTIONS' &&
  (isKnownPath(path) || withoutHost(path).named !== undefined || apiOf({ method, path, headers: headersOf() }) !== any)
