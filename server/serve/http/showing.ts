/** What a browser shows by itself of an answer: never with the rights of a page of this server. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Headers } from '../../api/headers.ts'

/**
 * An answer that is HTML, of an API or out of a fixture, would be a page of this server for a browser that is led to it:
 * its script would read all recordings, and in the modes that call APIs spend money.
 */
const WITHOUT_RIGHTS: Headers = [
  ['content-security-policy', 'sandbox'],
  ['x-content-type-options', 'nosniff'],
]

/** The headers of an answer beside its own: those for one that is to be shown, and none for one that a program asks for. */
export function forShowing(headers: IncomingHttpHeaders): Headers {
  const destination = headers['sec-fetch-dest']
  // Where the connection is not safe a browser does not say for what it asks; whoever wants a page says that in any case.
  const isShown = destination === undefined ? headers.accept?.includes('text/html') : destination !== 'empty'
  return isShown ? WITHOUT_RIGHTS : []
}
