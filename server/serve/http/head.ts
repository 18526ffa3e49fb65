/** The heads of requests. Programs send the same one again and again: what it says is found out once. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { LRUCache } from 'lru-cache'
import { type Headers, inPairs } from '../../api/headers.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { whoAnswers } from '../../base/version.ts'
import type { Config } from '../config.ts'
import { type Visitor, admit } from '../guard.ts'
import { NAME_HEADER, withoutName } from '../names.ts'
import { hostAsked, isCall, splitTarget } from '../target.ts'
import { crossOrigin } from './cors.ts'
import { forShowing } from './showing.ts'

export type Request = IncomingMessage | Http2ServerRequest

/** What a request says before its body. */
export interface RequestHead {
  readonly method: string
  /** The host that is asked, as the client names it. */
  readonly host: string | undefined
  /** The name of the client, if it gave one; the path without it, and with the query. */
  readonly name: string | undefined
  readonly path: string
  readonly target: string
  /** The headers as they were sent, without what HTTP/2 has in place of a request line. */
  readonly headers: Headers
  /** Why it is not let in; undefined if it is. */
  readonly refusal: DeltatapeError | undefined
  /** Whether it is a call to an API. */
  readonly isCall: boolean
  /** What its response says beside the answer: who answers, and which pages may read it, and whether it is a page. */
  readonly more: Headers
  /** A number that no other head has; absent as long as it is not known to come again. */
  readonly number?: number
}

/** How much is remembered: a thousand heads, or so. In characters of them. */
const KNOWN_CHARS = 1024 * 1024

/** And how long one alone may be. */
const MAX_KNOWN_CHARS = 8192

/** What is kept of a head beside its text, as characters. */
const ENTRY_CHARS = 500

/** Makes what reads heads: lets in those who may come, by their `Host` and `Origin` as they were sent. */
export function createHeads(config: Config): (request: Request) => RequestHead {
  const known = new LRUCache<string, RequestHead>({ maxSize: KNOWN_CHARS })
  const ours: Headers = [['x-deltatape', whoAnswers(config)]]
  let numbered = 0
  return (request) => {
    const { method = 'GET', url = '/', rawHeaders } = request
    // No name and no value has a line break in it.
    const text = `${method} ${url}\n${rawHeaders.join('\n')}`
    const before = known.get(text)
    if (before?.number !== undefined) return before
    const head = before ? { ...before, number: ++numbered } : readHead(request, ours, config)
    if (text.length <= MAX_KNOWN_CHARS) known.set(text, head, { size: text.length + ENTRY_CHARS })
    return head
  }
}

function readHead(request: Request, ours: Headers, config: Config): RequestHead {
  const { method = 'GET', url: target = '/' } = request
  const visitor = visitorOf(request)
  const split = splitTarget(target)
  const { name, path, flaw } = withoutName(split.path, request.headers[NAME_HEADER]?.toString() || undefined)
  const refusal = admit(visitor, config) ?? flaw
  const { origin } = visitor
  const pairs = inPairs(request.rawHeaders)
  const headers = 'stream' in request ? pairs.filter(([each]) => !each.startsWith(':')) : pairs
  return {
    method,
    host: visitor.host,
    name,
    path,
    target: path + split.search,
    headers,
    refusal,
    isCall: refusal === undefined && isCall(method, path, () => headers),
    more: [...ours, ...crossOrigin(origin, config), ...forShowing(request.headers)],
  }
}

/** Of several `Host` or `Origin` headers Node keeps the first; here they are joined, which no name of this server is. */
function visitorOf({ url = '/', rawHeaders, headers }: Request): Visitor {
  let host: string | undefined
  let authority: string | undefined
  let origin: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [rawHeaders[index], rawHeaders[index + 1]]
    if (name === ':authority') authority = value
    if (name.length === 4 && name.toLowerCase() === 'host') host = host === undefined ? value : `${host}, ${value}`
    if (name.length === 6 && name.toLowerCase() === 'origin') {
      origin = origin === undefined ? value : `${origin}, ${value}`
    }
  }
  // HTTP/2 has a name of its own for the host, and may have both.
  const named = authority === undefined || authority === host ? host : [host, authority].filter(Boolean).join(', ')
  return { host: hostAsked(url, named), origin, site: headers['sec-fetch-site']?.toString() }
}
