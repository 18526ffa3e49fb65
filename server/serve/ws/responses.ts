/** The API's own WebSocket mode: `response.create` in, events out as the API sent them. */
import { ModelError } from '../../api/ending.ts'
import { apiError } from '../../api/error.ts'
import type { ModelEvent } from '../../api/event.ts'
import type { Headers } from '../../api/headers.ts'
import { type AnswerRecord, type Batch, eventsIn } from '../../api/record.ts'
import { parseBody } from '../../api/responses/body.ts'
import { failureOf, isTerminal } from '../../api/responses/events.ts'
import { missStatusFor } from '../../api/responses/misses.ts'
import { DeltatapeError } from '../../base/errors.ts'
import type { JsonValue } from '../../base/json.ts'
import { nameSchema, quoted } from '../../base/name.ts'
import { type List, fresh, kept, remember } from '../../base/memo.ts'
import type { Dialect, Redact, Turn, TurnError, TurnRequest } from './dialect.ts'
import { asTerminal, flawIn, mayEnd } from './ends.ts'
import { comingAgain } from './framing.ts'
import { asPosted, withMember, withoutMember } from './response-create.ts'

/** Makes the dialect, for one connection at a time. Connections share what is remembered. */
export function responses(): (redact: Redact, headers?: Headers) => Dialect {
  const encode = remember(encodeBatch)
  return (redact, headers = []) => {
    const complain = (error: DeltatapeError) => {
      const told = apiError(error)
      const status = (error.code === 'fixture_miss' ? missStatusFor(headers) : undefined) ?? told.status
      return JSON.stringify({ type: 'error', ...told, status })
    }
    return { read: (text) => read(text, { encode, complain, redact }), complain }
  }
}

interface TurnParts {
  readonly encode: (batch: Batch) => Encoded
  readonly complain: (error: DeltatapeError) => string
  readonly redact: Redact
}

function read(text: string | undefined, parts: TurnParts): ReturnType<Dialect['read']> {
  try {
    if (text === undefined)
      throw new DeltatapeError('invalid_json', 'This message is binary. Send JSON as a text message.')
    const { type, stream_id: lane } = parseBody(text)
    const turn = createTurn(laneOf(lane), parts)
    if (type === 'response.create') return requestOf(text, turn)
    const error = new DeltatapeError(
      'invalid_input',
      `The type of this message is ${shownType(type)}. Send {"type":"response.create", …}.`,
    )
    return { kind: 'refused', error, messages: turn.fail(error) }
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
    return { kind: 'refused', error, messages: [parts.complain(error)] }
  }
}

/** Every message of the answer repeats the name of its lane. */
const laneSchema = nameSchema('"stream_id"')

/** @throws DeltatapeError `invalid_input` for a name that is none */
function laneOf(lane: JsonValue | undefined): string | undefined {
  if (typeof lane !== 'string') return undefined
  const { data, error } = laneSchema.safeParse(lane)
  if (error) throw new DeltatapeError('invalid_input', `${error.issues.map(({ message }) => message).join('; ')}.`)
  return data
}

function shownType(type: JsonValue | undefined): string {
  if (typeof type === 'string') return quoted(type)
  return type === undefined ? 'missing' : 'no string'
}

const requestOf = (text: string, turn: Turn): TurnRequest => ({
  kind: 'request',
  body: text,
  // While the request waits, its text is in memory once.
  get content() {
    return asPosted(text)
  },
  ignored: [],
  turn,
})

/** What a batch says to a client without lanes. Its events are not kept. */
interface Encoded {
  readonly messages: List<string>
  /** Whether one of the events ends the turn. After an `error` the API still sends `response.failed`. */
  readonly ends: boolean
  /** Whether nothing may follow. */
  readonly isLast: boolean
  /** The first failure that an event tells of. */
  readonly failure: TurnError | undefined
  /** The last event, if it ends the answer unless another one follows; undefined of a batch without any. */
  readonly last: { readonly event: ModelEvent | undefined } | undefined
  /** What breaks the answer, before anything has ended it, and how many events come before it. */
  readonly flaw: { readonly text: string; readonly after: number } | undefined
}

const isEnd = ({ event }: AnswerRecord): boolean => event !== undefined && isTerminal(event) && event.type !== 'error'

/** The records that count. */
function upToEnd(items: readonly AnswerRecord[]): readonly AnswerRecord[] {
  const last = items.findIndex(isEnd)
  return last === -1 ? items : items.slice(0, last + 1)
}

const textsOf = ({ items }: Batch): string[] => eventsIn(upToEnd(items)).map((event) => messageOf(event, undefined))

function encodeBatch(batch: Batch): Encoded {
  const records = upToEnd(batch.items)
  const events = eventsIn(records)
  const texts = textsOf(batch)
  const end = events.at(-1)
  return {
    messages: batch.kept ? comingAgain(texts, batch, () => textsOf(batch)) : fresh(texts),
    ends: events.some(isTerminal),
    isLast: records.some(isEnd),
    failure: failureIn(events),
    last: end && { event: mayEnd(end) ? end : undefined },
    flaw: flawAmong(records),
  }
}

/** One that may not be the end counts at the end alone. */
const failureIn = (events: readonly ModelEvent[]): TurnError | undefined =>
  events.map((event) => (mayEnd(event) ? undefined : failureOf(event))).find(Boolean)

function flawAmong(records: readonly AnswerRecord[]): Encoded['flaw'] {
  const at = records.findIndex((record) => !record.event && flawIn(record) !== undefined)
  const before = eventsIn(records.slice(0, at))
  const text = at === -1 || before.some(isTerminal) ? undefined : flawIn(records[at] ?? NO_RECORD)
  return text === undefined ? undefined : { text, after: before.length }
}

const NO_RECORD: AnswerRecord = { at: 0, wire: '' }

/** An event as a message. In a lane it says which; and a WebSocket has no `event:` line that could name its type. */
function messageOf({ type, text, body }: ModelEvent, lane: string | undefined): string {
  const named = typeof body.type === 'string' || type === '' ? text : withMember(text, 'type', type)
  if (body.stream_id === lane) return named
  const bare = body.stream_id === undefined ? named : withoutMember(named, 'stream_id')
  return lane === undefined ? bare : withMember(bare, 'stream_id', lane)
}

const NONE: List<string> = kept([])

/** One turn. A client that runs several lanes gives a `stream_id`, which every message then carries. */
function createTurn(lane: string | undefined, { encode, complain, redact }: TurnParts): Turn {
  let ended = false
  let isOver = false
  let failure: TurnError | undefined
  /** The last event, if it ends the answer unless another one follows. */
  let last: ModelEvent | undefined

  const messagesFor = ({ items }: Batch, count?: number): string[] =>
    eventsIn(upToEnd(items))
      .slice(0, count)
      .map((event) => messageOf(event, lane))
  /** Notes the first failure that events tell of. */
  const note = (told: TurnError | undefined): void => {
    if (told) failure ??= { code: told.code, message: redact.text(told.message) }
  }
  const fail = (error: DeltatapeError): readonly string[] => {
    if (ended) return []
    // What the API said may be part of its message.
    const told = error instanceof ModelError ? new DeltatapeError(error.code, redact.text(error.message)) : error
    const text = complain(told)
    const messages = [lane === undefined ? text : withMember(text, 'stream_id', lane)]
    // The marks come after the deed: what cannot be made leaves the turn open for another end.
    ended = true
    failure = told
    return messages
  }
  return {
    hasEnded: () => ended,
    error: () => failure,
    push(batch) {
      if (isOver) return NONE
      const { messages, ends, isLast, failure: told, last: end, flaw } = encode(batch)
      if (flaw && !ended) {
        const all = [...messagesFor(batch, flaw.after), ...fail(new ModelError({ end: 'malformed', why: flaw.text }))]
        isOver = true
        return fresh(all)
      }
      const inLane = lane === undefined ? messages : fresh(messagesFor(batch))
      note(told)
      ended ||= ends
      isOver ||= isLast
      if (end) last = end.event
      return inLane
    },
    finish() {
      if (ended || !last) return []
      note(failureIn([asTerminal(last)]))
      ended = true
      return []
    },
    fail,
  }
}
