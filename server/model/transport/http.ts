/** Passes a client's call on over HTTP, as it came. */
import type { Transport } from '../../api/call.ts'
import { passedUp } from '../../api/headers.ts'
import { addressOf } from './address.ts'
import { authorized, missingKey } from './credential.ts'
import type { LoadDispatcher } from './dispatcher.ts'
import { withoutDetour } from './redirect.ts'
import { send } from './send.ts'

export interface HttpTransportOptions {
  /** Where the API is, with its version: `https://api.openai.com/v1`. */
  readonly baseURL: string
  /** The key for calls that bring none; if there is none either, such a call is refused as the API would. */
  readonly apiKey: string | undefined
  readonly dispatcher: LoadDispatcher
}

/**
 * Makes a transport that changes nothing of a call but where it goes, the headers that are the connection's, and a key that
 * is none.
 */
export function createHttpTransport({ baseURL, apiKey, dispatcher }: HttpTransportOptions): Transport {
  return async (call, signal) => {
    const headers = authorized(passedUp(call.headers), call.credential, apiKey)
    if (headers === undefined) return missingKey()
    const { method, body } = call
    const address = addressOf(baseURL, call)
    const incoming = await send(dispatcher, { ...address, method, headers, body }, signal)
    return withoutDetour(incoming, method, address.origin)
  }
}
