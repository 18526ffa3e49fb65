/** A model that writes down what another one answers, while it is being answered. */
import { type Ending, ModelError } from '../api/ending.ts'
import type { ModelEvent } from '../api/event.ts'
import { isFinished, isTerminal, responseIdOf } from '../api/responses/events.ts'
import type { Clock } from '../base/clock.ts'
import { systemCode } from '../base/errors.ts'
import { compare, describeComparison } from '../fixture/compare.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { fileName } from '../fixture/key.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Store } from '../store/store.ts'
import type { Action, Model } from './model.ts'

export interface RecordOptions {
  /** Whether what the model did not finish is saved too. */
  readonly recordFailures: boolean
  /** Who answers, as the fixture names it. */
  readonly upstream: string
  /** The version of the SDK. */
  readonly openai: string
  readonly redactor: Redactor
  readonly clock: Clock
}

/**
 * Makes a model that saves the answers of `model`. Events are handed on as they come, but for the one that ends the
 * answer: it follows once the fixture is on the disk, so that whoever has seen it can rely on the recording.
 */
export function record(model: Model, store: Store, options: RecordOptions): Model {
  const { recordFailures, clock } = options

  return async function* (request, signal) {
    const identity = await store.identify(request.body)
    const recorded = { at: clock.date().toISOString(), upstream: options.upstream, openai: options.openai }
    const began = clock.now()
    const events: ModelEvent[] = []
    const note = (action: Omit<Action, 'fixture'>) => request.note?.({ ...action, fixture: fileName(identity) })

    const save = async (ending: Ending): Promise<void> => {
      if (!recordFailures && !(ending.end === 'complete' && isFinished(events))) {
        return note({ kind: 'not_saved', why: 'the model did not finish it (RECORD_FAILURES=1 saves that too)' })
      }
      const redacted = options.redactor.with({ 'api-key': request.apiKey }).events(events)
      const responseId = responseIdOf(redacted)
      const fixture: Fixture = {
        ...identity,
        ...(responseId === undefined ? {} : { responseId }),
        recorded,
        events: redacted,
        ending,
        endedAt: Math.max(Math.round(clock.now() - began), events.at(-1)?.at ?? 0),
      }
      try {
        const { outcome, replaced } = await store.save(fixture)
        if (outcome !== 'kept') {
          return note({
            kind: outcome,
            ...(replaced ? { changes: describeComparison(compare(replaced, fixture)) } : {}),
          })
        }
        note({ kind: 'not_saved', why: 'the model did not finish it, and the fixture that exists is good' })
      } catch (error) {
        // The disk failed, not the model: the answer goes on, and what became of the fixture is told.
        const code = systemCode(error)
        if (code === undefined) throw error
        note({ kind: 'not_saved', why: `the file could not be written: ${code}` })
      }
    }

    // A client hangs up at its error frame; the recording keeps what the API sends behind it.
    const own = new AbortController()
    const follow = () => {
      if (!recordFailures || !events.some(isTerminal)) own.abort(signal.reason)
    }
    signal.addEventListener('abort', follow, { once: true })
    if (signal.aborted) follow()

    let last: readonly ModelEvent[] = []
    try {
      for await (const batch of model(request, own.signal)) {
        events.push(...batch)
        const end = batch.findIndex((event) => isTerminal(event) && event.type !== 'error')
        const now = end === -1 ? batch : batch.slice(0, end)
        last = end === -1 ? [] : batch.slice(end)
        if (now.length > 0) yield now
      }
    } catch (error) {
      if (error instanceof ModelError) await save(error.failure)
      else if (signal.aborted) note({ kind: 'not_saved', why: whyEnded(signal.reason) })
      throw error
    } finally {
      signal.removeEventListener('abort', follow)
    }
    await save({ end: 'complete' })
    if (last.length > 0) yield last
  }
}

const whyEnded = (reason: unknown): string =>
  `it ended before the answer was finished: ${reason instanceof Error ? reason.message : String(reason)}`
