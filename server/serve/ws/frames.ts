/** The frames of the chat endpoints: what a client may send, what it gets. One JSON text message is one frame. */
import { z } from 'zod'
import { DeltatapeError, type ErrorCode } from '../../base/errors.ts'
import { nameSchema } from '../../base/name.ts'
import { type JsonObject, type JsonValue, flawOf, isObject, parseJson } from '../../base/json.ts'

/** What a chat client sent: a request to answer, a turn to cancel, or something to refuse (with its `id`, if it has one). */
export type ClientMessage =
  | {
      readonly kind: 'request'
      readonly id?: string | undefined
      readonly body: ChatInput
      readonly ignored: readonly string[]
    }
  | { readonly kind: 'cancel'; readonly id?: string | undefined }
  | { readonly kind: 'invalid'; readonly id?: string | undefined; readonly error: DeltatapeError }

type InvalidMessage = Extract<ClientMessage, { readonly kind: 'invalid' }>

/** The members of a request that reach the API. */
export interface ChatInput {
  readonly input: string | JsonObject[]
  readonly previous_response_id?: string
}

export interface DeltaFrame {
  readonly type: 'delta'
  readonly message: string
  readonly id?: string | undefined
}

/** The whole text of an answer. The members after `message` are as the API returned them. */
export interface MessageFrame {
  readonly type: 'message'
  readonly message: string
  readonly id?: string | undefined
  readonly response_id?: JsonValue | undefined
  readonly model?: JsonValue | undefined
  readonly status?: JsonValue | undefined
  readonly usage?: JsonValue | undefined
  /** Why the answer is incomplete. */
  readonly reason?: JsonValue | undefined
  /** What an answer without text holds: the type of each item, and the name and arguments of a function call. */
  readonly output?: readonly JsonObject[] | undefined
}

export interface ErrorFrame {
  readonly type: 'error'
  readonly message: string
  readonly code: ErrorCode
  /** The HTTP status of a refused request. */
  readonly status?: number | undefined
  readonly id?: string | undefined
}

export type Frame = DeltaFrame | MessageFrame | ErrorFrame

export const encodeFrame = (frame: Frame): string => JSON.stringify(frame)

const idSchema = nameSchema('"id"')

/** Gateways put what they have to know into the ids of their answers. */
const MAX_PREVIOUS_CHARS = 1024

const inputSchema = z.custom<string | JsonObject[]>(
  (input) =>
    typeof input === 'string' ? input.trim() !== '' : Array.isArray(input) && input.length > 0 && input.every(isObject),
  '"input" must be a string that is not blank, or a list of Responses input items, each an object',
)

const requestSchema = z.object({
  id: idSchema.optional(),
  input: inputSchema,
  previous_response_id: nameSchema('"previous_response_id"', MAX_PREVIOUS_CHARS)
    .refine((id) => id !== '', '"previous_response_id" is empty')
    .nullish(),
})

const cancelSchema = z.object({ type: z.literal('cancel'), id: idSchema.optional() })

const KNOWN = new Set(['type', ...Object.keys(requestSchema.shape)])

/** Reads one text message. Never throws: a message that cannot be a request comes back with the error that says why. */
export function parseMessage(text: string): ClientMessage {
  const value = parseJson(text)
  if (value === undefined) {
    return invalid(undefined, 'invalid_json', 'This message is not JSON. Send {"input": "…"}.')
  }
  if (!isObject(value)) {
    return invalid(undefined, 'invalid_input', `This message is ${nameKind(value)}. Send an object: {"input": "…"}.`)
  }
  const flaw = flawOf(value)
  if (flaw) return invalid(value, 'invalid_input', `This message ${flaw}.`)
  if (value.type === 'cancel') {
    const cancel = cancelSchema.safeParse(value)
    if (!cancel.success) return invalid(value, 'invalid_input', tell(cancel.error))
    return { kind: 'cancel', id: cancel.data.id }
  }
  const request = requestSchema.safeParse(value)
  if (!request.success) return invalid(value, 'invalid_input', tell(request.error))
  const { id, input, previous_response_id: previous } = request.data
  return {
    kind: 'request',
    id,
    body: { input, ...(previous ? { previous_response_id: previous } : {}) },
    ignored: Object.keys(value).filter((name) => !KNOWN.has(name)),
  }
}

/** What a binary message is read as, whatever it holds. */
export const binaryMessage = (): InvalidMessage =>
  invalid(undefined, 'invalid_json', 'This message is binary. Send JSON as a text message: {"input": "…"}.')

function invalid(value: JsonObject | undefined, code: ErrorCode, message: string): InvalidMessage {
  const id = idSchema.safeParse(value?.id)
  return { kind: 'invalid', id: id.data, error: new DeltatapeError(code, message) }
}

const tell = (error: z.ZodError): string => `${error.issues.map((issue) => issue.message).join('; ')}.`

function nameKind(value: JsonValue): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
