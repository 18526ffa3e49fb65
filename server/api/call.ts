/** What a client asks of an API. */
import type { Account } from '../base/ledger.ts'
import type { Api, Asked } from './api.ts'
import type { DeltatapeError } from '../base/errors.ts'
import type { Headers } from './headers.ts'
import type { Service } from './hosts.ts'
import type { Wanted } from './said.ts'

/** A client that names itself: one value from the first call under a name until that name ends. */
export interface Caller {
  readonly name: string
  /** Tells it from whoever had this name before. */
  readonly id: number
}

/** How a client wants a call to be answered. It never counts for which call it is, and goes to no API. */
export interface Manner {
  /** The faults that it asks for, in the words of `model/faults.ts`. */
  readonly fault?: string | undefined
  /** How the recorded time is to be spent, in the words of `model/pace.ts`. */
  readonly pace?: string | undefined
}

/** One request that a client makes of an API, as it was sent. */
export interface Call extends Asked, Manner {
  /** The row that the call belongs to. */
  readonly api: Api
  /** The body as it was sent, whatever its content coding. */
  readonly body: Uint8Array
  /** Where it goes; absent if that is where the calls of its row go. */
  readonly to?: Destination | undefined
  /** The client's own key, if it brought one. */
  readonly credential?: string | undefined
  /** Who calls, if the client names itself. It never counts for which call it is. */
  readonly caller?: Caller | undefined
  /** What is kept for the call is charged here, until it is over. Absent if it is charged elsewhere, or nobody waits. */
  readonly account?: Account | undefined
  /** What the client wants to be answered, whatever is recorded. */
  readonly wanted?: Wanted | undefined
  /** What carries it to the API, if not HTTP as it came. */
  readonly transport?: Transport | undefined
  /** Whether deltatape asks in its own name, as for the turn of a chat: then the call is not a client's to pass on. */
  readonly own?: true | undefined
}

/** Where a call goes. In replay it goes nowhere, and only its host counts. */
export interface Destination {
  /** Who answers, as fixtures name it. */
  readonly upstream: string
  /** The host, if it is not the row's own: it counts for the key. */
  readonly host?: string
  /** The address that the path is put below. */
  readonly base?: string
  /** Whether the path stands below the address as it is, as where the client named the host. */
  readonly asIs?: boolean
  readonly service?: Service | undefined
  /** Why nothing is sent there. */
  readonly refusal?: DeltatapeError
}

/** An answer as it comes in: the body is read once, and let go by `return()` of its iterator. */
export interface Incoming {
  readonly status: number
  readonly headers: Headers
  readonly body: AsyncIterable<Uint8Array>
  /** The server's own key, if the call carried it: no client may see it. */
  readonly ownKey?: string | undefined
}

/** Carries a call to the API. Resolves as soon as the head of the answer is there. */
export type Transport = (call: Call, signal: AbortSignal) => Promise<Incoming>

/** The body of a call as text. Bytes that are no UTF-8 become U+FFFD. */
export const contentText = ({ content }: Pick<Asked, 'content'>): string =>
  Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8')
