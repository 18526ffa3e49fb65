/** The chat endpoints: messages of a chat client → requests, the events of one answer → frames. Pure. */
import { isObject, type JsonObject, type JsonValue } from './json.ts'
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

/** What a turn knows after a batch, and the frames that it gave for it. */
interface Step {
  /** The batch before. */
  readonly after: readonly ModelEvent[] | undefined
  readonly frames: readonly string[]
  readonly text: string
  readonly seen: Set<string>
  readonly items: Map<number, JsonObject>
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
  let seen = new Set<string>()
  let items = new Map<number, JsonObject>()
  /** Whether a step was remembered with these two, and they must stay as they are. */
  let shared = false
  let text = ''
  let ended = false
  let failure: Omit<ErrorFrame, 'type' | 'id'> | undefined

  const say = (piece: string): string[] => {
    text += piece
    return deltas ? [encodeFrame({ type: 'delta', message: piece, id })] : []
  }

  /** Deltas win over what a later event says of the same part, and the first event that has its text over later ones. */
  const whole = (part: JsonValue | undefined, place: string): string[] => {
    const piece = textOf(part)
    if (piece === '' || seen.has(place)) return []
    seen.add(place)
    return say(piece)
  }

  const wholeItem = (item: JsonValue | undefined, index: JsonValue | undefined): string[] => {
    if (!isObject(item) || !Array.isArray(item.content)) return []
    return item.content.flatMap((part, at) => whole(part, placeOf(item.id, index, at)))
  }

  const finish = (response: JsonObject): string[] => {
    const output = Array.isArray(response.output) ? response.output : []
    // Only where nothing came before: a gateway may list its items in another order, or under other ids.
    const frames = seen.size === 0 ? output.flatMap((item, index) => wholeItem(item, index)) : []
    ended = true
    const details = response.incomplete_details
    const listed = output.length > 0 ? output : [...items].toSorted(([a], [b]) => a - b).map(([, item]) => item)
    frames.push(
      encodeFrame({
        type: 'message',
        message: text,
        id,
        ...copied(response, 'id', 'response_id'),
        ...copied(response, 'model', 'model'),
        ...copied(response, 'status', 'status'),
        ...copied(response, 'usage', 'usage'),
        ...(isObject(details) ? copied(details, 'reason', 'reason') : {}),
        ...(text === '' ? { output: listed.filter(isObject).map(outline) } : {}),
      }),
    )
    return frames
  }

  const failWith = (frame: Omit<ErrorFrame, 'type' | 'id'>): string[] => {
    if (ended) return []
    ended = true
    failure = frame
    const { message, code, status } = frame
    return [encodeFrame({ type: 'error', message, code, status, id })]
  }

  const onEvent = ({ type, body }: ModelEvent): string[] => {
    const index = typeof body.output_index === 'number' ? body.output_index : 0
    const place = placeOf(body.item_id, body.output_index, body.content_index)
    switch (type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        if (typeof body.delta !== 'string') return []
        if (body.delta !== '') seen.add(place)
        return say(body.delta)
      case 'response.output_text.done':
        return whole({ type: 'output_text', text: body.text ?? '' }, place)
      case 'response.refusal.done':
        return whole({ type: 'refusal', refusal: body.refusal ?? '' }, place)
      case 'response.content_part.done':
        return whole(body.part, place)
      case 'response.output_item.added':
        if (isObject(body.item)) items.set(index, body.item)
        return []
      case 'response.function_call_arguments.done': {
        const item = items.get(index)
        if (item && typeof body.arguments === 'string') items.set(index, { ...item, arguments: body.arguments })
        return []
      }
      case 'response.output_item.done':
        if (isObject(body.item)) items.set(index, body.item)
        return wholeItem(body.item, body.output_index)
      case 'response.completed':
      case 'response.incomplete':
        return finish(isObject(body.response) ? body.response : {})
      case 'response.failed': {
        const error = isObject(body.response) ? body.response.error : undefined
        return failWith({ code: 'upstream_failed', message: redact(tell('The API failed to answer', error)) })
      }
      case 'error': {
        const error = isObject(body.error) ? body.error : body
        return failWith({ code: 'upstream_error', message: redact(tell('The API sent an error', error)) })
      }
      default:
        return []
    }
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
        ;({ text, seen, items, ended } = step)
        shared = true
        last = batch
        return step.frames
      }
      if (shared) {
        seen = new Set(seen)
        items = new Map(items)
        shared = false
      }
      const frames: string[] = []
      for (const event of batch) {
        if (ended) break
        frames.push(...onEvent(event))
      }
      // An error is redacted for its client.
      if (id === undefined && !failure && Object.isFrozen(batch)) {
        steps.set(batch, { after: last, frames: Object.freeze(frames), text, seen, items, ended })
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

/** Where a part stands: by index, since some gateways change the id between events; by id where there is no index. */
function placeOf(id: JsonValue | undefined, index: JsonValue | undefined, content: JsonValue | undefined): string {
  const item = typeof index === 'number' ? index : typeof id === 'string' ? id : 0
  return `${item}/${typeof content === 'number' ? content : 0}`
}

/** The text of a content part that a reader of the answer sees: not its reasoning. */
function textOf(part: JsonValue | undefined): string {
  if (!isObject(part)) return ''
  if (part.type === 'output_text' && typeof part.text === 'string') return part.text
  if (part.type === 'refusal' && typeof part.refusal === 'string') return part.refusal
  return ''
}

/** An output item in short. */
const outline = (item: JsonObject): JsonObject => ({
  ...copied(item, 'type', 'type'),
  ...(item.type === 'function_call'
    ? { ...copied(item, 'name', 'name'), ...copied(item, 'arguments', 'arguments') }
    : {}),
})

/** A member under another name, or nothing where there is none. */
function copied(from: JsonObject, name: string, to: string): JsonObject {
  const value = from[name]
  return value === undefined ? {} : { [to]: value }
}

/** What the API says of its failure: `{ code, message }`, either of which may be missing. */
function tell(what: string, error: JsonValue | undefined): string {
  if (!isObject(error)) return `${what}.`
  const code = typeof error.code === 'string' && error.code !== '' ? ` (${error.code})` : ''
  const message = typeof error.message === 'string' ? error.message.trim().replace(/\.$/, '') : ''
  return message ? `${what}: ${message}${code}.` : `${what}${code}.`
}
