/**
 * The subprotocols that a client offers. A page in a browser sends no header of its own with a WebSocket: it brings the
 * token among them, as `['deltatape', 'deltatape.token.<base64url>']`.
 */
import type { Headers } from '../../api/headers.ts'

const OWN = 'deltatape'

const TOKEN = 'deltatape.token.'

/** The token in an offer, which is the value of the header; undefined if there is none. */
export function tokenIn(offer: string | undefined): string | undefined {
  const found = offer
    ?.split(',')
    .map((each) => each.trim())
    .find((each) => each.startsWith(TOKEN))
  return found === undefined ? undefined : Buffer.from(found.slice(TOKEN.length), 'base64url').toString('utf8')
}

/** The subprotocol that is spoken: our own if it is offered, or else the first; never one that says the token. */
export function chosenOf(offered: ReadonlySet<string>): string | false {
  if (offered.has(OWN)) return OWN
  return [...offered].find((each) => !each.startsWith(TOKEN)) ?? false
}

/** Headers without what of an offer is deltatape's own: no API may see it. */
export const withoutOwn = (headers: Headers): Headers =>
  headers.flatMap(([name, value]) => {
    if (name.toLowerCase() !== 'sec-websocket-protocol') return [[name, value] as const]
    const others = value
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== OWN && !each.startsWith(TOKEN))
    return others.length > 0 ? [[name, others.join(', ')] as const] : []
  })
