/** The chat endpoints: messages of a chat client → requests, the events of one answer → frames. Pure. */
import { ModelError } from '../../api/ending.ts'
import type { ModelEvent } from '../../api/event.ts'
import { type AnswerReader, readAnswer } from '../../api/responses/answer.ts'
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

/** What a turn knows after a batch, and the frames that it gave for it. */
interface Step {
  /** The batch before. */
  readonly after: readonly ModelEvent[] | undefined
  readonly frames: readonly string[]
  readonly answer: AnswerReader
  readonly ended: boolean
}

type Steps = WeakMap<readonly ModelEvent[], Step>

/**
 * The steps of turns without an id, which are the same for all that get the same answer. A frozen batch comes from a
 * recording and always at the same place in it, so that the batch before tells what came before.
 */
const known: { readonly withDeltas: Steps; readonly without: Steps } = {
  withDeltas: new WeakMap(),
  without: new WeakMap(),
}

/** One turn of a chat. Its `id` is echoed in every frame. */
export function createTurn({ id, deltas, redact }: Omit<ChatOptions, 'model'> & { id?: string | undefined }): Turn {
  const steps = deltas ? known.withDeltas : known.without
  let last: readonly ModelEvent[] | undefined
  let answer = readAnswer()
  /** Whether a step was remembered with this answer, which must stay as it is. */
  let shared = false
  let ended = false
  let failure: Omit<ErrorFrame, 'type' | 'id'> | undefined

  const finish = (response: JsonObject): string => {
    ended = true
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
      ...(answer.text === '' ? { output: [...answer.output] } : {}),
    })
  }

  const failWith = (frame: Omit<ErrorFrame, 'type' | 'id'>): string[] => {
    if (ended) return []
    ended = true
    failure = frame
    const { message, code, status } = frame
    return [encodeFrame({ type: 'error', message, code, status, id })]
  }

  const onEvent = (event: ModelEvent): string[] => {
    const failed = failureOf(event)
    if (failed) return failWith({ code: failed.code, message: redact(failed.message) })
    const pieces = answer.read(event)
    const frames = deltas ? pieces.map((piece) => encodeFrame({ type: 'delta', message: piece, id })) : []
    const { type, body } = event
    if (type === 'response.completed' || type === 'response.incomplete') {
      frames.push(finish(isObject(body.response) ? body.response : {}))
    }
    return frames
  }

  return {
    get ended() {
      return ended
    },
    get error() {
      return failure
    },
    push(batch) {
      if (ended) return []
      const step = id === undefined ? steps.get(batch) : undefined
      if (step && step.after === last) {
        ;({ answer, ended } = step)
        shared = true
        last = batch
        return step.frames
      }
      if (shared) answer = answer.copy()
      shared = false
      const frames: string[] = []
      for (const event of batch) {
        if (ended) break
        frames.push(...onEvent(event))
      }
      // An error is redacted for its client.
      if (id === undefined && !failure && Object.isFrozen(batch)) {
        steps.set(batch, { after: last, frames: Object.freeze(frames), answer, ended })
        shared = true
      }
      last = batch
      return frames
    },
    fail(cause) {
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
