/** The chat endpoints: messages of a chat client → requests, the events of one answer → frames. Pure. */
import { failureOf, readAnswer } from './answer.ts'
import { isObject, type JsonObject } from './json.ts'
import { ModelError, type ModelEvent } from './model/model.ts'
import { binaryMessage, encodeFrame, parseMessage, type ErrorFrame } from './protocol.ts'
import type { Dialect, Turn } from './turn.ts'

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

/** One turn of a chat. Its `id` is echoed in every frame. */
export function createTurn({ id, deltas, redact }: Omit<ChatOptions, 'model'> & { id?: string | undefined }): Turn {
  const answer = readAnswer()
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
      const frames: string[] = []
      for (const event of batch) {
        if (ended) break
        frames.push(...onEvent(event))
      }
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
