/** How a replay speaks to the server: under a name of its own, at a pace, with a fault. */
import { token } from '../app/token.ts'

/** In which manner a client wants to be answered. */
export interface Manner {
  readonly pace: string
  /** The words of a fault; empty for none. */
  readonly fault: string
}

/** At once and unbroken, whatever breaks the other answers of this server: a pause of nothing is a fault, too. */
export const AT_ONCE: Manner = { pace: 'instant', fault: 'delay:0ms' }

/** A name that nobody else has. */
export const newName = (): string =>
  `page-${[...crypto.getRandomValues(new Uint32Array(2))].map((each) => each.toString(36)).join('')}`

/** The address of a path of this server, behind a name. */
export function addressUnder(name: string, target: string, { pace, fault }: Manner): URL {
  const url = new URL(`./@${name}${target}`, document.baseURI)
  const own = new URLSearchParams({ pace, ...(fault === '' ? {} : { fault }) })
  url.search = `${url.search === '' ? '?' : `${url.search}&`}${own}`
  return url
}

/** The same address for a WebSocket. */
export function socketAt(url: URL): WebSocket {
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(url, token.protocols())
}

/** Ends a name: its takes begin anew, and the server forgets what was asked under it. Also while the page is left. */
export async function endName(name: string): Promise<void> {
  const url = new URL(`./@${name}`, document.baseURI)
  await fetch(url, { method: 'DELETE', headers: token.headers(), keepalive: true }).catch(() => undefined)
}

/** Acts once a signal is aborted, or at once if it was already. */
export function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act()
  else signal.addEventListener('abort', act, { once: true })
}
