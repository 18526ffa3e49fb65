/** What the target of a request says: its path, its query, and the faults that the client asks for. */

/** The path and the query of a request, whatever its target looks like: a whole URL, too (RFC 9112, 3.2.2). */
export function splitTarget(target: string): { readonly path: string; readonly search: string } {
  if (!target.startsWith('/') || target.startsWith('//') || /[^\x21-\x7e]|[\\#]|\/\./.test(target)) {
    if (!URL.canParse(target, 'http://localhost')) return { path: '/', search: '' }
    const { pathname: path, search } = new URL(target, 'http://localhost')
    return { path, search }
  }
  const at = target.indexOf('?')
  return at === -1 ? { path: target, search: '' } : { path: target.slice(0, at), search: target.slice(at) }
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
