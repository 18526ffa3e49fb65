/** The WebSocket endpoints: who is spoken to at which path, and how large a message may be there. */
import type { Headers } from '../../api/headers.ts'
import type { Config } from '../config.ts'
import type { Spoken } from '../journal.ts'
import { PATH } from './calls.ts'
import { chat } from './chat.ts'
import type { Dialect, Redact } from './dialect.ts'
import { responses } from './responses.ts'

export interface Endpoint {
  /** What is spoken there, as it is counted. */
  readonly spoken: Spoken
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
  const ofChat = (spoken: Spoken, deltas: boolean): Endpoint => {
    const dialect = chat({ model, deltas })
    return {
      spoken,
      own: true,
      speak: ({ text }) => dialect(text),
      limit: { variable: 'MAX_INPUT_BYTES', bytes: maxInputBytes },
    }
  }
  const ofResponses: Endpoint = {
    spoken: 'responses_ws',
    own: false,
    speak: responses(),
    limit: { variable: 'MAX_BODY_BYTES', bytes: maxBodyBytes },
  }
  return new Map([
    ['/ws', ofChat('/ws', false)],
    ['/ws-stream', ofChat('/ws-stream', true)],
    [PATH, ofResponses],
  ])
}
