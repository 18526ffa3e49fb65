/** Sends the requests of fixtures again: several at once, and each turn of a conversation behind the one before. */
import pLimit from 'p-limit'
import { type Ending, ModelError } from '../api/ending.ts'
import type { ModelEvent } from '../api/event.ts'
import { failureOf, isFinished, responseIdOf } from '../api/responses/events.ts'
import { DeltatapeError } from '../base/errors.ts'
import type { Action, Model } from '../model/model.ts'
import { type Planned, bodyFor } from './plan.ts'

/** What came of a request. */
export type Reply =
  /** The model finished it. */
  | { readonly kind: 'answered'; readonly events: readonly ModelEvent[]; readonly action: Action | undefined }
  /** It did not, or what it continues failed: then there is no ending. */
  | {
      readonly kind: 'failed'
      readonly why: string
      readonly events: readonly ModelEvent[]
      readonly ending: Ending | undefined
      readonly action: Action | undefined
    }
  /** It was not sent, or not to its end, before the work was broken off. */
  | { readonly kind: 'not_sent' }

export interface ResendOptions {
  /** The model that gets the request of a fixture. */
  readonly modelFor: (planned: Planned) => Model
  /** How many requests are under way at once. */
  readonly concurrency: number
  /** Breaks off what is under way, and sends no more. */
  readonly signal: AbortSignal
}

/**
 * Sends what a plan says.
 *
 * @param conclude what is made of each reply, as soon as it is there: its events are not kept
 */
export async function resend<T>(
  send: readonly Planned[],
  { modelFor, concurrency, signal }: ResendOptions,
  conclude: (planned: Planned, reply: Reply) => T | Promise<T>,
): Promise<T[]> {
  const answerFor = async (
    planned: Planned,
    parent: { reply: Reply['kind']; id: string | undefined } | undefined,
  ): Promise<Reply> => {
    if (signal.aborted || parent?.reply === 'not_sent') return { kind: 'not_sent' }
    if (parent?.reply === 'failed') {
      return {
        kind: 'failed',
        why: 'The answer that it continues failed.',
        events: [],
        ending: undefined,
        action: undefined,
      }
    }
    return ask(modelFor(planned), planned, parent?.id, signal)
  }

  const slot = pLimit(concurrency)
  const sent = new Map<string, Promise<{ reply: Reply['kind']; id: string | undefined; conclusion: T }>>()
  for (const planned of send) {
    const before = planned.after && sent.get(planned.after.key)
    const work = async () => {
      const parent = await before
      return slot(async () => {
        const reply = await answerFor(planned, parent)
        const id = 'events' in reply ? responseIdOf(reply.events) : undefined
        return { reply: reply.kind, id, conclusion: await conclude(planned, reply) }
      })
    }
    sent.set(planned.fixture.key, work())
  }

  return (await Promise.all(sent.values())).map(({ conclusion }) => conclusion)
}

async function ask(model: Model, planned: Planned, newId: string | undefined, signal: AbortSignal): Promise<Reply> {
  const events: ModelEvent[] = []
  let action: Action | undefined
  try {
    const request = { body: bodyFor(planned, newId), note: (noted: Action) => void (action = noted) }
    for await (const batch of model(request, signal)) events.push(...batch)
  } catch (error) {
    if (error instanceof ModelError)
      return { kind: 'failed', why: error.message, events, ending: error.failure, action }
    if (signal.aborted) return { kind: 'not_sent' }
    if (!(error instanceof DeltatapeError)) throw error
    return { kind: 'failed', why: error.message, events, ending: undefined, action }
  }
  if (isFinished(events)) return { kind: 'answered', events, action }
  const why = events.map(failureOf).find((failure) => failure !== undefined)?.message ?? 'The API failed to answer.'
  return { kind: 'failed', why, events, ending: { end: 'complete' }, action }
}
