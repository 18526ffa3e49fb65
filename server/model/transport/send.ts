/** Sends one request to an API, byte for byte, and gives the answer as it comes. */
import type { Incoming } from '../../api/call.ts'
import { type Headers, inPairs } from '../../api/headers.ts'
import { DeltatapeError } from '../../base/errors.ts'
import type { Address } from './address.ts'
import type { LoadDispatcher } from './dispatcher.ts'
import { unreachable } from './failure.ts'
import { bytesOf } from './feed.ts'

export interface Outgoing extends Address {
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array
}

/**
 * Resolves as soon as the head of the answer is there. Follows no redirect, and tries nothing again.
 *
 * @throws ModelError `unreachable` if no head came; DeltatapeError `forbidden` if it would lead where nobody may call;
 *   the signal's reason if it is aborted
 */
export async function send(load: LoadDispatcher, request: Outgoing, signal: AbortSignal): Promise<Incoming> {
  const dispatcher = await load()
  signal.throwIfAborted()
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      ...request,
      // An array of pairs would be taken for names and values in turn, of which a proxy agent keeps one for each name.
      headers: new Set(request.headers.map(([name, value]): [string, string] => [name, value])),
      signal,
      responseHeaders: 'raw',
    })
    // Whatever the types of undici say, raw headers are an array.
    return { status: statusCode, headers: Array.isArray(headers) ? inPairs(headers) : [], body: bytesOf(body, signal) }
  } catch (error) {
    signal.throwIfAborted()
    // Nothing was sent, since it would have led where nobody may call.
    throw error instanceof DeltatapeError ? error : unreachable(error)
  }
}
