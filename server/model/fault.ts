/** A model that breaks on purpose, so that clients can be tested against what an API seldom does. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Api, Head, Place, Trouble } from '../api/api.ts'
import type { Call } from '../api/call.ts'
import { ModelError } from '../api/ending.ts'
import { refusedBy } from '../api/error.ts'
import type { ModelEvent } from '../api/event.ts'
import { type FramingName, carrierOf, createReader } from '../api/framing/index.ts'
import { type Headers, withoutLength } from '../api/headers.ts'
import { type AnswerRecord, type Batch, bytesOf, eventsIn } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import { DeltatapeError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { fresh } from '../base/memo.ts'
import { questionOf } from '../fixture/request.ts'
import {
  type Fault,
  MALFORMED,
  type Plan,
  failureOf,
  mix,
  notInThisMode,
  parsePlan,
  troubleOf,
  wordFor,
} from './faults.ts'
import { type Answer, type Model, readToTheEnd } from './model.ts'

export interface FaultOptions {
  /** What breaks every answer for which no client asks otherwise. */
  readonly plan: Plan | undefined
  /** Whether clients may ask for faults. */
  readonly onRequest: boolean
  /** The key of a call: a mix of faults is the same for the same call. */
  readonly keyOf: (call: Call) => Promise<string>
  readonly clock: Clock
  /** How long a stall of the answer to a call lasts, in ms. */
  readonly stallMs: (call: Call) => number
}

/** What is to break an answer. */
interface Planned {
  readonly faults: readonly Fault[]
  /** Whether a fault that an answer is too short for comes right before its end, instead of never. */
  readonly beforeEnd: boolean
}

/** How much memory may tell how often calls were tried, and what one of them takes. In bytes. */
const MAX_TRIES_BYTES = 16 * 1024 * 1024

const TRY_BYTES = 192

/** Makes a model that answers as `model` does, but for its faults. */
export function fault(model: Model, options: FaultOptions): Model {
  const faultsFor = planner(options)
  const broken: Model = async (call, signal) => {
    signal.throwIfAborted()
    const { faults, beforeEnd } = await faultsFor(call)
    // What comes before the first event needs no answer: it can be tried without a fixture.
    for (const due of faults.filter(({ after }) => after === 0)) {
      await pause(due, call, options, signal)
      const instead = insteadOf(call, due)
      if (instead) return instead
    }
    const later = faults.filter(({ after }) => after > 0)
    if (later.length === 0) return model(call, signal)
    const own = new AbortController()
    const answer = await model(call, AbortSignal.any([signal, own.signal]))
    return {
      head: ofAnyLength(answer.head),
      get action() {
        return answer.action
      },
      records: breaking(answer, { call, later, beforeEnd, options, signal, own }),
    }
  }
  return (call, signal) => (call.fault === undefined && options.plan === undefined ? model : broken)(call, signal)
}

/** An answer that breaks is of another length than the API said. */
const ofAnyLength = (head: Head): Head => ({
  status: head.status,
  headers: withoutLength(head.headers),
  get framing() {
    return head.framing
  },
})

/** Tells what is to break the answer to a call. Throws `invalid_input` if the client may not ask for it. */
function planner({ plan: always, onRequest, keyOf }: FaultOptions): (call: Call) => Promise<Planned> {
  const tries = new LRUCache<string, number>({ maxSize: MAX_TRIES_BYTES, sizeCalculation: () => TRY_BYTES })
  return async (call) => {
    const { fault: asked } = call
    if (asked !== undefined && !onRequest) throw notInThisMode()
    const plan = asked === undefined ? always : parsePlan(asked)
    if (plan === undefined) return { faults: [], beforeEnd: false }
    if ('faults' in plan) return { faults: plan.faults, beforeEnd: false }
    const { seed, rate } = plan.chaos
    const text = `${seed}:${rate}:${await keyOf(call)}`
    // The text is a client's, and may be long.
    const known = createHash('sha256').update(text).digest('base64')
    const nth = (tries.get(known) ?? 0) + 1
    tries.set(known, nth)
    return { faults: mix(`${text}:${nth}`, rate), beforeEnd: true }
  }
}

/** Waits as a fault says, and breaks the client's connection if it says that. */
async function pause(due: Fault, call: Call, options: FaultOptions, signal: AbortSignal): Promise<void> {
  const { clock, stallMs } = options
  if (due.kind === 'delay') await clock.sleep(due.ms, signal)
  if (due.kind === 'stall') await clock.sleep(stallMs(call), signal)
  if (due.kind === 'drop')
    throw new DeltatapeError('dropped', `The connection was broken on purpose (${wordFor(due)}).`)
}

/** What a fault before the first event puts in place of an answer; undefined if the answer goes on. */
function insteadOf(call: Call, due: Fault): Answer | undefined {
  const { api } = call
  const whole = (status: number, text: string, more: Headers = []): Answer => ({
    head: { status, headers: [['content-type', 'application/json'], ...more], framing: 'json' },
    records: [fresh([{ at: 0, wire: text }])],
  })
  const refused = (trouble: Trouble) => {
    const { status, headers, body } = refusedBy(api, trouble, call)
    return whole(status, JSON.stringify(body), headers)
  }
  if (due.kind === 'refuse') return refused(troubleOf(due))
  const failure = failureOf(due)
  if (failure) throw new ModelError(failure)
  if (due.kind === 'delay') return undefined
  const type = api.streamType(call, questionOf(call).request)
  if (type !== undefined) return streamOf(call, due, [['content-type', type]])
  if (!api.inOne) return refused(troubleOf(due))
  const records = brokenBy(call, due, { ...NOTHING_SENT, framing: 'sse' })
  const answer = api.inOne.answer(eventsIn(records))
  return whole(answer.status, answer.text)
}

const NOTHING_SENT = { sent: 0, last: undefined }

/** A stream that is given up before its first event. Its bytes may tell its framing better than its head. */
function streamOf(call: Call, due: Fault, headers: Headers): Answer {
  const reader = createReader(headers)
  const records = brokenBy(call, due, { ...NOTHING_SENT, framing: reader.framing() })
  reader.read(bytesOf(records), 0)
  return { head: { status: 200, headers, framing: reader.framing() }, records: [fresh(records)] }
}

/** The records with which the API gives an answer up. */
const brokenBy = (call: Call, due: Fault, place: Omit<Place, 'isFailure' | 'call'>): readonly AnswerRecord[] =>
  call.api.failing(troubleOf(due), { ...place, call, isFailure: due.kind === 'fail' })

interface Breaking {
  readonly call: Call
  readonly later: readonly Fault[]
  readonly beforeEnd: boolean
  readonly options: FaultOptions
  readonly signal: AbortSignal
  /** Ends the answer that is broken. */
  readonly own: AbortController
}

async function* breaking(answer: Answer, breaks: Breaking): AsyncGenerator<Batch, void> {
  const { call, later, beforeEnd, options, signal, own } = breaks
  const records = leftOpen(answer.records)
  const follower = call.api.follow(questionOf(call))
  let sent = 0
  let last: Last = {}
  let over = false
  try {
    for await (const batch of records) {
      if (over) {
        yield batch
        continue
      }
      let rest = batch.items
      const end = rest.findIndex((each) => follower.take(each) !== 'open')
      over = end !== -1
      const until = sent + countIn(over ? rest.slice(0, end) : rest)
      for (const due of dueUntil(later, sent, until, beforeEnd && over)) {
        const before = rest.slice(0, placeAfter(rest, due.after - sent))
        rest = rest.slice(before.length)
        sent = due.after
        last = { ...last, ...lastOf(before) }
        if (before.length > 0) yield fresh(before)
        await pause(due, call, options, signal)
        const given = givenBy(due, call, { sent, last, framing: answer.head.framing })
        if (given.length > 0) yield fresh(given)
        const failure = failureOf(due)
        if (failure) throw new ModelError(failure)
        if (given.length > 0) return
      }
      sent += countIn(rest)
      last = { ...last, ...lastOf(rest) }
      if (rest.length > 0) yield rest.length === batch.items.length ? batch : fresh(rest)
    }
  } finally {
    own.abort(new DeltatapeError('cancelled', 'The answer was broken on purpose.'))
    await readToTheEnd(records)
  }
}

/** The same records; a loop that is left early does not close them, so that the rest can be read afterwards. */
function leftOpen(records: Answer['records']): AsyncIterable<Batch> {
  const iterator = Symbol.asyncIterator in records ? records[Symbol.asyncIterator]() : records[Symbol.iterator]()
  return { [Symbol.asyncIterator]: () => ({ next: async () => iterator.next() }) }
}

/** What was last of an answer that is broken: the record with an event, and the event that names the answer. */
interface Last {
  readonly record?: AnswerRecord
  readonly telling?: ModelEvent
}

/** Where a fault comes. */
interface At {
  readonly sent: number
  readonly last: Last
  readonly framing: FramingName
}

/** The records that a fault puts into an answer. */
function givenBy(due: Fault, call: Call, { sent, last, framing }: At): readonly AnswerRecord[] {
  if (due.kind === 'error' || due.kind === 'fail') return brokenBy(call, due, { sent, last: last.telling, framing })
  return due.kind === 'malformed' ? malformed(call.api, framing, last.record) : []
}

/** A record whose data is no JSON, laid out as the one before it. */
function malformed({ goesByName }: Api, framing: FramingName, last: AnswerRecord | undefined): AnswerRecord[] {
  const carrier = carrierOf(framing)
  const isCrLf = typeof last?.wire === 'string' && last.wire.endsWith('\r\n')
  const style = { eol: isCrLf ? '\r\n' : '\n', names: goesByName ? undefined : 'type' } as const
  const said = last && carrier?.describe(last, style)?.said
  const record = carrier?.carry(MALFORMED, said ?? {}, 0, style)
  return typeof record === 'object' ? [record] : []
}

/** How many events records hold: faults count those. */
const countIn = (records: readonly AnswerRecord[]): number => eventsIn(records).length

/** After which record so many events have come. */
function placeAfter(records: readonly AnswerRecord[], events: number): number {
  let [place, count] = [0, 0]
  while (count < events && place < records.length) if (records[place++]?.event) count++
  return place
}

/** What is last of some records; absent where they have none. */
function lastOf(records: readonly AnswerRecord[]): Last {
  const record = records.findLast(({ event }) => event)
  const telling = eventsIn(records).findLast(({ body }) => isObject(body.response) || typeof body.id === 'string')
  return { ...(record && { record }), ...(telling && { telling }) }
}

/** The faults that are due when more than `sent` events, and up to `until`, are sent; with `beforeEnd`, those of later, too. */
const dueUntil = (faults: readonly Fault[], sent: number, until: number, beforeEnd: boolean): Fault[] =>
  faults
    .filter(({ after }) => after > sent && (beforeEnd || after <= until))
    .map((due) => ({ ...due, after: Math.min(due.after, until) }))
