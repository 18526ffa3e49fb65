/** The calls that the requests of one connection become: each is a `POST /v1/responses` that streams. */
import type { Api } from '../../api/api.ts'
import type { Call, Caller, Destination, Manner, Transport } from '../../api/call.ts'
import type { Headers } from '../../api/headers.ts'
import { apiOf } from '../../api/index.ts'
import { isCredentialParameter } from '../../redact/places.ts'
import { traceHeaders } from '../trace.ts'
import type { TurnRequest } from './dialect.ts'

/** How the API's own WebSocket mode is called: `/v1/responses` of both, with or without a server between them. */
export interface Upstream {
  readonly transport: Transport
  close(): void
}

/** Makes the upstream of one connection. It connects when the first call needs it. */
export type CreateUpstream = (headers: Headers, query: string, credential: string | undefined) => Upstream

export interface CallsOptions {
  /** Whether deltatape asks in its own name, as for a chat; otherwise the client's calls are passed on. */
  readonly own: boolean
  /** The headers and the query of the client's upgrade request. */
  readonly headers: Headers
  readonly query: string
  /** Where the calls go, if the client named a host. */
  readonly to?: Destination | undefined
  /** The client's own key, if it brought one. */
  readonly credential: string | undefined
  /** Who calls now, if the client names itself. */
  readonly callerNow?: (() => Caller) | undefined
  /** How the client wants every turn to be answered. */
  readonly manner: Manner
  /** Absent if nothing is called, or calls go over HTTP. */
  readonly createUpstream?: CreateUpstream | undefined
}

export interface Calls {
  for(request: TurnRequest): Call
  /** Lets go of the upstream. */
  close(): void
}

export const PATH = '/v1/responses'

/** The row whose calls they are. */
export const API: Api = apiOf({ method: 'POST', path: PATH })

/** What the content of every call is: a message does not say it. */
const JSON_TYPE: Headers = [['content-type', 'application/json']]

export function createCalls({
  own,
  headers,
  query,
  createUpstream,
  callerNow,
  manner,
  ...shared
}: CallsOptions): Calls {
  let upstream: Upstream | undefined
  const others = headers.filter(([name]) => name.toLowerCase() !== 'content-type')
  const before = own ? traceHeaders(headers) : others
  // The very same for all that bring none: their calls are known by that.
  const sentHeaders = before.length > 0 ? [...before, ...JSON_TYPE] : JSON_TYPE
  const brought = credentialsIn(query)
  return {
    for({ body, content, bytes }) {
      if (!own) upstream ??= createUpstream?.(headers, query, shared.credential)
      const sent = bytes ?? Buffer.from(body)
      return {
        ...shared,
        api: API,
        ...manner,
        ...(callerNow ? { caller: callerNow() } : {}),
        method: 'POST',
        path: PATH,
        query: brought,
        headers: sentHeaders,
        body: sent,
        content: content === body ? sent : Buffer.from(content),
        transport: upstream?.transport,
        own: own ? true : undefined,
      }
    },
    close() {
      upstream?.close()
    },
  }
}

/** The query of an upgrade belongs to the connection, but for a credential in it: that is a secret in every call. */
function credentialsIn(query: string): string {
  const parameters = query.slice(1).split('&')
  const kept = parameters.filter((each) => [...new URLSearchParams(each).keys()].some(isCredentialParameter))
  return kept.length > 0 ? `?${kept.join('&')}` : ''
}
