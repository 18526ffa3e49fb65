/** What the target of a request says: its path, its query, and the faults that the client asks for. */

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

/** Takes deltatape's own parameter out of a query; the others stay as they were sent. */
export function withoutFault(search: string): { readonly fault: string | undefined; readonly query: string } {
  if (!/fault|%/i.test(search)) return { fault: undefined, query: search === '?' ? '' : search }
  const parts = search.slice(1).split('&')
  const isFault = (part: string) => new URLSearchParams(part).has('fault')
  const rest = parts.filter((part) => !isFault(part)).join('&')
  const fault = new URLSearchParams(parts.filter(isFault).join('&')).get('fault')
  return { fault: fault || undefined, query: rest === '' ? '' : `?${rest}` }
}
