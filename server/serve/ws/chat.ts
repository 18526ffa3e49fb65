/** The chat endpoints: messages of a chat client → requests, the records of one answer → frames. Pure. */
import { LRUCache } from 'lru-cache'
import { ModelError, RefusedError } from '../../api/ending.ts'
import type { ModelEvent } from '../../api/event.ts'
import type { AnswerRecord, Batch } from '../../api/record.ts'
import { type Answer, NOTHING_READ, outputOf, partsIn, readEvent } from '../../api/responses/answer.ts'
import { failureOf } from '../../api/responses/events.ts'
import { memberText } from '../../base/json-text.ts'
import { type JsonObject, isObject } from '../../base/json.ts'
import { type List, alone, fresh, kept, rememberStep } from '../../base/memo.ts'
import type { Dialect, Turn, TurnRequest } from './dialect.ts'
import { asTerminal, flawIn, mayEnd } from './ends.ts'
import {
  type ChatInput,
  type ClientMessage,
  type ErrorFrame,
  binaryMessage,
  encodeFrame,
  parseMessage,
} from './frames.ts'
import { comingAgain } from './framing.ts'

export interface ChatOptions {
  /** The model that is asked. */
  readonly model: string
  /** Whether answers are sent in deltas before they are sent as a whole. */
  readonly deltas: boolean
}

/** Takes secrets out of a text of the API before it becomes the message of an error. */
type RedactText = (text: string) => string

/** Makes the dialect of a chat endpoint, for one connection at a time. Connections share what is remembered. */
export function chat({ model, deltas }: ChatOptions): (redact: RedactText) => Dialect {
  const createTurn = chatTurns({ deltas })
  const readMessage = createReading(JSON.stringify(model))
  return (redact) => ({
    read(text) {
      const message = text === undefined ? binaryMessage() : readMessage(text)
      if (message.kind === 'cancel') return message
      const { id } = message
      const turn = createTurn({ id, redact })
      if (message.kind === 'invalid')
        return { kind: 'refused', id, error: message.error, messages: turn.fail(message.error) }
      const { body, bytes, ignored } = message
      return { kind: 'request', id, body, content: body, bytes, ignored, turn }
    },
    complain: ({ code, message }) => encodeFrame({ type: 'error', message, code }),
  })
}

/** A message that was read: of a request the body for the API. */
type Message =
  | Exclude<ClientMessage, { readonly kind: 'request' }>
  | (Pick<TurnRequest, 'kind' | 'id' | 'body' | 'bytes' | 'ignored'> & { readonly kind: 'request' })

/** How much is remembered of requests that come again, in bytes, about: thousands of short ones. And how long one may be. */
const KNOWN_BYTES = 16 * 1024 * 1024

/** What one takes beside its text and its body, with what others know it by. */
const ENTRY_BYTES = 1000

const MAX_KNOWN_CHARS = 8192

/**
 * Makes what reads messages. A request that came before is known by its text.
 *
 * @param model as JSON
 */
function createReading(model: string): (text: string) => Message {
  const known = new LRUCache<string, Message>({ maxSize: KNOWN_BYTES })
  return (text) => {
    const before = known.get(text)
    if (before) return before
    const message = parseMessage(text)
    if (message.kind !== 'request') return message
    const { kind, id, ignored } = message
    const body = bodyFrom(model, text, message.body)
    const request = { kind, id, body, ignored }
    if (text.length <= MAX_KNOWN_CHARS) {
      const bytes = alone(Buffer.from(body))
      known.set(text, { ...request, bytes }, { size: 2 * bytes.byteLength + text.length + ENTRY_BYTES })
    }
    return request
  }
}

/** Padding that hides the length of the deltas would make two recordings of one text differ. */
const STREAMED = '"stream":true,"stream_options":{"include_obfuscation":false}'

/**
 * The body for the API. Items of the input stay as they were sent, to the number.
 *
 * @param model as JSON
 */
function bodyFrom(model: string, message: string, { input, previous_response_id: previous }: ChatInput): string {
  const asSent = typeof input === 'string' ? undefined : memberText(message, 'input')
  const continued = previous === undefined ? '' : `"previous_response_id":${JSON.stringify(previous)},`
  return `{"model":${model},"input":${asSent ?? JSON.stringify(input)},${continued}${STREAMED}}`
}

/** What a turn knows. Nothing in it ever changes: each batch makes a new one. */
interface State {
  readonly answer: Answer
  /** The last event, if it ends the answer unless another one follows. */
  readonly last: ModelEvent | undefined
  readonly failure: Omit<ErrorFrame, 'type' | 'id'> | undefined
  readonly ended: boolean
}

const BEGIN: State = { answer: NOTHING_READ, last: undefined, failure: undefined, ended: false }

interface Step {
  readonly state: State
  readonly frames: List<string>
}

interface StepOptions {
  readonly id?: string | undefined
  readonly deltas: boolean
}

/** From one state of a turn to the next, by a batch of records. Pure. */
function step(begin: State, batch: Batch, options: StepOptions): Step {
  const { state, texts } = read(begin, batch, options)
  // With an id they are this turn's alone.
  if (!batch.kept || options.id !== undefined) return { state, frames: fresh(texts) }
  return { state, frames: comingAgain(texts, batch, () => read(begin, batch, options).texts) }
}

function read(begin: State, batch: Batch, options: StepOptions): { state: State; texts: readonly string[] } {
  let state = begin
  const texts: string[] = []
  for (const record of batch.items) {
    if (state.ended) break
    state = take(state, record, options, texts)
  }
  // Nothing is made of what comes after the end: what was read does not have to be kept.
  return { state: state.ended ? { ...state, answer: NOTHING_READ, last: undefined } : state, texts }
}

/** How much a step takes, about. */
const bytesOfStep = ({ state: { answer } }: Step): number => 400 + 2 * answer.text.length + 200 * partsIn(answer)

/** The state after a record; its frames are added to the others. */
function take(state: State, record: AnswerRecord, { id, deltas }: StepOptions, frames: string[]): State {
  const { event } = record
  if (!event) {
    const flaw = flawIn(record)
    if (flaw === undefined) return state
    const { code, message } = new ModelError({ end: 'malformed', why: flaw })
    return { ...state, failure: { code, message }, ended: true }
  }
  const failure = mayEnd(event) ? undefined : failureOf(event)
  if (failure) return { ...state, failure, ended: true }
  const { answer, pieces } = readEvent(state.answer, event)
  const size = sizeFlawOf(answer)
  if (size !== undefined) {
    const { code, message } = new ModelError({ end: 'malformed', why: size })
    return { ...state, failure: { code, message }, ended: true }
  }
  if (deltas) for (const piece of pieces) frames.push(encodeFrame({ type: 'delta', message: piece, id }))
  const ended = event.type === 'response.completed' || event.type === 'response.incomplete'
  if (ended) frames.push(lastFrame(answer, isObject(event.body.response) ? event.body.response : {}, id))
  return { ...state, answer, ended, last: mayEnd(event) ? event : undefined }
}

/** How long the text of an answer may be, in characters, and how many parts and items it may have: all of it is kept. */
const [MAX_TEXT_CHARS, MAX_PARTS] = [64 * 1024 * 1024, 65_536]

function sizeFlawOf(answer: Answer): string | undefined {
  if (answer.text.length > MAX_TEXT_CHARS) return `a text of more than ${MAX_TEXT_CHARS} characters`
  return partsIn(answer) > MAX_PARTS ? `an answer of more than ${MAX_PARTS} parts` : undefined
}

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

/** A member under another name; nothing if there is none. */
function copied(from: JsonObject, name: string, to: string): JsonObject {
  const value = from[name]
  return value === undefined ? {} : { [to]: value }
}

const NONE: List<string> = kept([])

interface TurnOptions {
  /** Is echoed in every frame of the turn. */
  readonly id?: string | undefined
  readonly redact: RedactText
}

/**
 * Makes turns of a chat. Those without an id get the same frames for the same recording: what a kept batch makes of a
 * state is remembered for all of them.
 */
export function chatTurns({ deltas }: { readonly deltas: boolean }): (options: TurnOptions) => Turn {
  const shared = rememberStep((state: State, batch: Batch) => step(state, batch, { deltas }), bytesOfStep)
  return ({ id, redact }) => {
    let state = BEGIN
    const failWith = (failure: Omit<ErrorFrame, 'type' | 'id'>): string => {
      const { message, code, status } = failure
      const frame = encodeFrame({ type: 'error', message, code, status, id })
      // The mark comes after the deed: what cannot be made leaves the turn open for another end.
      state = { ...state, ended: true, failure }
      return frame
    }
    const push = (batch: Batch): List<string> => {
      if (state.ended) return NONE
      const next = id === undefined ? shared(state, batch) : step(state, batch, { id, deltas })
      const { failure } = next.state
      if (!failure) {
        state = next.state
        return next.frames
      }
      const frame = failWith({ ...failure, message: redact(failure.message) })
      state = { ...next.state, failure: state.failure }
      return fresh([...next.frames.items, frame])
    }
    return {
      hasEnded: () => state.ended,
      error: () => state.failure,
      push,
      finish() {
        if (state.ended || !state.last) return []
        const event = asTerminal(state.last)
        return push(fresh([{ at: event.at, wire: '', event }])).items
      },
      fail(cause) {
        if (state.ended) return []
        const status = cause instanceof RefusedError ? cause.refusal.status : undefined
        const message = cause instanceof ModelError ? redact(cause.message) : cause.message
        return [failWith({ message, code: cause.code, status })]
      },
    }
  }
}
