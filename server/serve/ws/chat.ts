/** The chat endpoints: messages of a chat client → requests, the events of one answer → frames. Pure. */
import { ModelError } from '../../api/ending.ts'
import type { ModelEvent } from '../../api/event.ts'
import { type Answer, NOTHING_READ, outputOf, readEvent } from '../../api/responses/answer.ts'
import { rememberStep } from '../../base/memo.ts'
import { failureOf } from '../../api/responses/events.ts'
import { type JsonObject, isObject } from '../../base/json.ts'
import type { Dialect, Turn } from './dialect.ts'
import { type ErrorFrame, binaryMessage, encodeFrame, parseMessage } from './frames.ts'

export interface ChatOptions {
  /** The model that is asked. */
  readonly model: string
  /** Whether answers are sent in deltas before they are sent as a whole. */
  readonly deltas: boolean
  /** What passes before a text of the API becomes the message of an error. */
  readonly redact: (text: string) => string
}

/** Speaks to a chat client. */
export function chat({ model, deltas, redact }: ChatOptions): Dialect {
  return {
    read(text) {
      const message = text === undefined ? binaryMessage() : parseMessage(text)
      if (message.kind === 'cancel') return message
      const { id } = message
      const turn = createTurn({ id, deltas, redact })
      if (message.kind === 'invalid')
        return { kind: 'refused', id, error: message.error, messages: turn.fail(message.error) }
      // Padding that hides the length of the deltas would make two recordings of one text differ.
      const body = { model, ...message.body, stream_options: { include_obfuscation: false } }
      return { kind: 'request', id, body, ignored: message.ignored, turn }
    },
    complain: ({ code, message }) => encodeFrame({ type: 'error', message, code }),
  }
}

/** What a turn knows. */
interface State {
  readonly answer: Answer
  readonly failure: Omit<ErrorFrame, 'type' | 'id'> | undefined
  readonly ended: boolean
}

const BEGIN: State = { answer: NOTHING_READ, failure: undefined, ended: false }

interface Step {
  readonly state: State
  readonly frames: readonly string[]
}

/** From one state of a turn to the next, by a batch of events. Pure. */
function step(
  state: State,
  batch: readonly ModelEvent[],
  { id, deltas }: { id?: string | undefined; deltas: boolean },
): Step {
  let { answer, ended } = state
  let failure = state.failure
  const frames: string[] = []
  for (const event of batch) {
    if (ended) break
    const failed = failureOf(event)
    if (failed) {
      failure = { code: failed.code, message: failed.message }
      ended = true
      continue
    }
    const read = readEvent(answer, event)
    answer = read.answer
    if (deltas) for (const piece of read.pieces) frames.push(encodeFrame({ type: 'delta', message: piece, id }))
    const { type, body } = event
    if (type === 'response.completed' || type === 'response.incomplete') {
      ended = true
      frames.push(lastFrame(answer, isObject(body.response) ? body.response : {}, id))
    }
  }
  return { state: { answer, failure, ended }, frames: Object.freeze(frames) }
}

const stepWithDeltas = rememberStep((state: State, batch: readonly ModelEvent[]) =>
  step(state, batch, { deltas: true }),
)
const stepWithout = rememberStep((state: State, batch: readonly ModelEvent[]) => step(state, batch, { deltas: false }))

function lastFrame(answer: Answer, response: JsonObject, id: string | undefined): string {
  const details = response.incomplete_details
  return encodeFrame({
    type: 'message',
    message: answer.text,
    id,
    ...copied(response, 'id', 'response_id'),
    ...copied(response, 'model', 'model'),
    ...copied(response, 'status', 'status'),
    ...copied(response, 'usage', 'usage'),
    ...(isObject(details) ? copied(details, 'reason', 'reason') : {}),
    ...(answer.text === '' ? { output: outputOf(answer) } : {}),
  })
}

/** One turn of a chat. Its `id` is echoed in every frame. */
export function createTurn({ id, deltas, redact }: Omit<ChatOptions, 'model'> & { id?: string | undefined }): Turn {
  const shared = deltas ? stepWithDeltas : stepWithout
  let state = BEGIN
  const failWith = (frame: Omit<ErrorFrame, 'type' | 'id'>): string[] => {
    state = { ...state, ended: true, failure: frame }
    return [encodeFrame({ type: 'error', message: frame.message, code: frame.code, status: frame.status, id })]
  }
  return {
    get ended() {
      return state.ended
    },
    get error() {
      return state.failure
    },
    push(batch) {
      if (state.ended) return []
      const next = id === undefined ? shared(state, batch) : step(state, batch, { id, deltas })
      state = next.state
      if (!state.failure) return next.frames
      // An error is redacted for its client.
      return [...next.frames, ...failWith({ ...state.failure, message: redact(state.failure.message) })]
    },
    fail(cause) {
      if (state.ended) return []
      const status = cause instanceof ModelError && cause.failure.end === 'refused' ? cause.failure.status : undefined
      return failWith({ message: cause.message, code: cause.code, status })
    },
  }
}

/** A member under another name, or nothing where there is none. */
function copied(from: JsonObject, name: string, to: string): JsonObject {
  const value = from[name]
  return value === undefined ? {} : { [to]: value }
}
