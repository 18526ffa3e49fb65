/** The WebSocket endpoints: who is spoken to at which path, and how large a message may be there. */
import type { Headers } from '../../api/headers.ts'
import type { Config } from '../config.ts'
import { PATH } from './calls.ts'
import { chat } from './chat.ts'
import type { Dialect, Redact } from './dialect.ts'
import { responses } from './responses.ts'

export interface Endpoint {
  /** Whether deltatape asks the API in its own name there; otherwise calls of the client are passed on. */
  readonly own: boolean
  /** Makes the dialect of one connection, which began with these headers. */
  readonly speak: (redact: Redact, headers: Headers) => Dialect
  /** The largest message, and the variable that says so. */
  readonly limit: { readonly variable: string; readonly bytes: number }
}

/** The endpoints by their path. */
export function createEndpoints({
  chatbotModel: model,
  maxInputBytes,
  maxBodyBytes,
}: Pick<Config, 'chatbotModel' | 'maxInputBytes' | 'maxBodyBytes'>): ReadonlyMap<string, Endpoint> {
  const ofChat = (deltas: boolean): Endpoint => {
    const dialect = chat({ model, deltas })
    return {
      own: true,
      speak: ({ text }) => dialect(text),
      limit: { variable: 'MAX_INPUT_BYTES', bytes: maxInputBytes },
    }
  }
  return new Map([
    ['/ws', ofChat(false)],
    ['/ws-stream', ofChat(true)],
    [PATH, { own: false, speak: responses(), limit: { variable: 'MAX_BODY_BYTES', bytes: maxBodyBytes } }],
  ])
}
