/** What a client asks of an API. */
import type { Account } from '../base/ledger.ts'
import type { Api, Asked } from './api.ts'
import type { Headers } from './headers.ts'

/** One request that a client makes of an API, as it was sent. */
export interface Call extends Asked {
  /** The row that the call belongs to. */
  readonly api: Api
  /** The query with its `?`, or the empty text; deltatape's own parameters are taken out. */
  readonly query: string
  /** The body as it was sent, whatever its content coding. */
  readonly body: Uint8Array
  /** The client's own key, if it brought one. */
  readonly credential?: string | undefined
  /** What is kept for the call is charged here, until it is over. Absent if it is charged elsewhere, or nobody waits. */
  readonly account?: Account | undefined
  /** The faults that the client asks for, in the words of `model/faults.ts`. */
  readonly fault?: string | undefined
  /** What carries it to the API, if not HTTP as it came. */
  readonly transport?: Transport | undefined
  /** Whether deltatape asks in its own name, as for the turn of a chat: then the call is not a client's to pass on. */
  readonly own?: true | undefined
}

/** An answer as it comes in: the body is read once, and let go by `return()` of its iterator. */
export interface Incoming {
  readonly status: number
  readonly headers: Headers
  readonly body: AsyncIterable<Uint8Array>
}

/** Carries a call to the API. Resolves as soon as the head of the answer is there. */
export type Transport = (call: Call, signal: AbortSignal) => Promise<Incoming>

/** The body of a call as text. Bytes that are no UTF-8 become U+FFFD. */
export const contentText = ({ content }: Pick<Asked, 'content'>): string =>
  Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8')
