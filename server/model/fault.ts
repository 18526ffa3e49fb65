/** A model that breaks on purpose, so that clients can be tested against what an API seldom does. */
import { LRUCache } from 'lru-cache'
import { ModelError } from '../api/ending.ts'
import type { ModelEvent } from '../api/event.ts'
import { isTerminal } from '../api/responses/events.ts'
import type { Clock } from '../base/clock.ts'
import { DeltatapeError } from '../base/errors.ts'
import { type JsonObject, isObject } from '../base/json.ts'
import { type Fault, type Plan, brokenBy, failureOf, mix, nameOf, parsePlan } from './faults.ts'
import { type Model, type ModelRequest, readToTheEnd } from './model.ts'

export interface FaultOptions {
  /** What breaks every answer for which no client asks otherwise. */
  readonly plan: Plan | undefined
  /** Whether clients may ask for faults. */
  readonly onRequest: boolean
  /** The key of a request: a mix of faults is the same for the same request. */
  readonly keyOf: (body: JsonObject) => Promise<string>
  readonly clock: Clock
  /** How long a stall lasts, in ms. */
  readonly stallMs: number
}

/** What is to break an answer. */
interface Striking {
  readonly faults: readonly Fault[]
  /** Whether a fault that an answer is too short for strikes right before its end, instead of never. */
  readonly beforeEnd: boolean
}

/** How many requests are remembered by how often they were tried. */
const MAX_REQUESTS = 100_000

/** Makes a model that answers as `model` does, but for its faults. */
export function fault(model: Model, options: FaultOptions): Model {
  const tries = new LRUCache<string, number>({ max: MAX_REQUESTS })

  const faultsFor = async ({ body, fault: asked }: ModelRequest): Promise<Striking> => {
    if (asked !== undefined && !options.onRequest) {
      throw new DeltatapeError('invalid_input', 'Faults can be asked for in replay mode only; FAULT sets them in any.')
    }
    const plan = asked === undefined ? options.plan : parsePlan(asked)
    if (plan === undefined) return { faults: [], beforeEnd: false }
    if ('faults' in plan) return { faults: plan.faults, beforeEnd: false }
    const { seed, rate } = plan.chaos
    const request = `${seed}:${rate}:${await options.keyOf(body)}`
    const nth = (tries.get(request) ?? 0) + 1
    tries.set(request, nth)
    return { faults: mix(`${request}:${nth}`, rate), beforeEnd: true }
  }

  const broken: Model = async function* (request, signal) {
    signal.throwIfAborted()
    const { faults, beforeEnd } = await faultsFor(request)
    if (faults.length === 0) return yield* model(request, signal)
    let sent = 0
    let response: JsonObject = {}
    let over = false

    /** The next events, counted, and what they say of the response. */
    const take = (events: readonly ModelEvent[], count: number): readonly ModelEvent[] => {
      const taken = events.slice(0, count)
      sent += taken.length
      for (const { body } of taken) if (isObject(body.response)) response = body.response
      return taken
    }

    /** Does what is due after so many events; gives the last events where they are what breaks the answer. */
    const strike = async (due: Fault): Promise<ModelEvent[] | undefined> => {
      if (due.kind === 'delay') return void (await options.clock.sleep(due.ms, signal))
      if (due.kind === 'stall') await options.clock.sleep(options.stallMs, signal)
      if (due.kind === 'drop')
        throw new DeltatapeError('dropped', `The connection was broken on purpose (${nameOf(due)}).`)
      const failure = failureOf(due)
      if (failure) throw new ModelError(failure)
      return brokenBy(due, response, sent)
    }

    // What comes before the first event needs no answer: it can be tried without a fixture.
    for (const due of faults.filter(({ after }) => after === 0)) {
      const last = await strike(due)
      if (last) return yield last
    }
    const later = faults.filter(({ after }) => after > 0)
    const own = new AbortController()
    const events = model(request, AbortSignal.any([signal, own.signal]))[Symbol.asyncIterator]()
    try {
      for (let next = await events.next(); !next.done; next = await events.next()) {
        let rest = next.value
        const end = next.value.findIndex(isTerminal)
        const until = sent + (end === -1 ? rest.length : end)
        // Behind its end an answer has nothing to break.
        const dues = over ? [] : dueUntil(later, sent, until, beforeEnd && end !== -1)
        over ||= end !== -1
        for (const due of dues) {
          const before = take(rest, due.after - sent)
          rest = rest.slice(before.length)
          if (before.length > 0) yield before
          const last = await strike(due)
          if (last) return yield last
        }
        take(rest, rest.length)
        if (rest.length > 0) yield rest
      }
    } finally {
      own.abort(new DeltatapeError('cancelled', 'The answer was broken on purpose.'))
      await readToTheEnd(events)
    }
  }

  return (request, signal) =>
    request.fault === undefined && options.plan === undefined ? model(request, signal) : broken(request, signal)
}

/** The faults that are due when more than `sent` events, and up to `until`, are sent; with `beforeEnd`, those of later, too. */
const dueUntil = (faults: readonly Fault[], sent: number, until: number, beforeEnd: boolean): Fault[] =>
  faults
    .filter(({ after }) => after > sent && (beforeEnd || after <= until))
    .map((due) => ({ ...due, after: Math.min(due.after, until) }))
