/** Passes a client's call on over HTTP, as it came. */
import type { Transport } from '../../api/call.ts'
import { passedUp } from '../../api/headers.ts'
import { addressAt } from './address.ts'
import { carriedTo, missingKey } from './credential.ts'
import type { LoadDispatcher } from './dispatcher.ts'
import { withoutDetour } from './redirect.ts'
import { type RouteSettings, createRoutes } from './route.ts'
import { send } from './send.ts'

/** With where calls go, and the keys for those that bring none. */
export interface HttpTransportOptions extends RouteSettings {
  readonly dispatcher: LoadDispatcher
}

/**
 * Makes a transport that changes nothing of a call but where it goes, the headers that are the connection's, and a key that
 * is none. One that may not be sent is refused, and nothing of it leaves this machine.
 *
 * The transport throws a DeltatapeError `forbidden` for it.
 */
export function createHttpTransport({ dispatcher, ...settings }: HttpTransportOptions): Transport {
  const routes = createRoutes(settings)
  return async (call, signal) => {
    const to = call.to ?? routes.to({ row: call.api.name, path: call.path, headers: call.headers })
    if (to.refusal) throw to.refusal
    const { service } = to
    const sent = carriedTo(
      service,
      { headers: passedUp(call.headers), query: call.query, credential: call.credential },
      routes.keyFor(service),
    )
    if (sent === undefined) return missingKey(call.api, service?.keys)
    const { method, body, path } = call
    const { headers, query, ownKey } = sent
    const address = addressAt(to, { path, query })
    const incoming = await send(dispatcher, { ...address, method, headers, body }, signal)
    return { ...withoutDetour(incoming, method, address.origin), ownKey }
  }
}
