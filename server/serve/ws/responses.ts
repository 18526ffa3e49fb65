/** The API's own WebSocket mode. */
import type { ModelEvent } from '../../api/event.ts'
import { apiErrorOf, parseBody } from '../../api/responses/body.ts'
import { failureIn, isTerminal } from '../../api/responses/events.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { remember } from '../../base/memo.ts'
import type { Dialect, Turn } from './dialect.ts'

export interface ResponsesOptions {
  /** What passes before a text of the API is told otherwise than as an event. */
  readonly redact: (text: string) => string
}

/** Speaks as the API does in its WebSocket mode: `response.create` in, events out. */
export const responses = ({ redact }: ResponsesOptions): Dialect => ({
  read(text) {
    try {
      if (text === undefined)
        throw new DeltatapeError('invalid_json', 'This message is binary. Send JSON as a text message.')
      const { type, stream_id: streamId, ...body } = parseBody(text)
      const turn = createTurn(typeof streamId === 'string' ? streamId : undefined, redact)
      if (type === 'response.create') return { kind: 'request', body, ignored: [], turn }
      const error = new DeltatapeError(
        'invalid_input',
        `The type of this message is ${JSON.stringify(type) ?? 'missing'}. Send {"type":"response.create", …}.`,
      )
      return { kind: 'refused', error, messages: turn.fail(error) }
    } catch (error) {
      if (!(error instanceof DeltatapeError)) throw error
      return { kind: 'refused', error, messages: [complain(error)] }
    }
  },
  complain,
})

const complain = (error: DeltatapeError): string => JSON.stringify({ type: 'error', ...apiErrorOf(error) })

/** Puts a member before the others of an object, whose very text stays. */
const withMember = (text: string, name: string, value: string): string => {
  const rest = text.slice(text.indexOf('{') + 1)
  return `{${JSON.stringify(name)}:${JSON.stringify(value)}${/^\s*\}/.test(rest) ? '' : ','}${rest}`
}

/** Events as messages, and what they say of the turn. */
const encodeMessages = remember((batch: readonly ModelEvent[]) => ({
  ends: batch.some(isTerminal),
  // A WebSocket has no `event:` line that could name what has no type.
  texts: Object.freeze(
    batch.map(({ type, body, text }) =>
      typeof body.type === 'string' || type === '' ? text : withMember(text, 'type', type),
    ),
  ),
}))

/** One turn over a WebSocket. A client that runs several lanes gives a `stream_id`, which every message then carries. */
function createTurn(streamId: string | undefined, redact: (text: string) => string): Turn {
  let ended = false
  let failure: Turn['error']
  const tagged = (text: string) => (streamId === undefined ? text : withMember(text, 'stream_id', streamId))
  return {
    get ended() {
      return ended
    },
    get error() {
      return failure
    },
    push(batch) {
      failure ??= failureIn(batch, redact)
      const { ends, texts } = encodeMessages(batch)
      ended ||= ends
      return streamId === undefined ? texts : texts.map(tagged)
    },
    fail(error) {
      if (ended) return []
      ended = true
      failure = error
      return [tagged(complain(error))]
    },
  }
}
