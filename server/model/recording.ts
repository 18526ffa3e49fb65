/** What is gathered of an answer while it is recorded, and what becomes of it in the end. */
import type { Head } from '../api/api.ts'
import type { Call } from '../api/call.ts'
import { type Ending, ModelError, isFailure } from '../api/ending.ts'
import { keptHeaders } from '../api/headers.ts'
import type { AnswerRecord } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import { isError, systemCode } from '../base/errors.ts'
import { compare, describeComparison } from '../fixture/compare.ts'
import { type Fixture, isGood } from '../fixture/fixture.ts'
import { type Identity, fileName } from '../fixture/key.ts'
import type { Redactor } from '../redact/redactor.ts'
import { harmIn } from '../redact/shape.ts'
import type { Store } from '../store/store.ts'
import type { Action } from './model.ts'

export interface RecordOptions {
  /** Whether what the model did not finish is saved too. */
  readonly recordFailures: boolean
  /** Who answers, as the fixture names it. */
  readonly upstream: string
  readonly redactor: Redactor
  readonly clock: Clock
}

export interface Recording {
  /** What became of the fixture, once that is known. */
  readonly action: Action | undefined
  /** Whether the answer may be over. */
  readonly mayBeOver: boolean
  head(head: Head): void
  /** Takes the next records; says how many of them are certainly not the end. */
  take(records: readonly AnswerRecord[]): number
  /** The answer ended by itself. */
  ended(): Promise<void>
  /** It broke, or its client left. */
  failed(error: unknown, signal: AbortSignal): Promise<void>
}

/** Begins the recording of one call. */
export function startRecording(call: Call, identity: Identity, store: Store, options: RecordOptions): Recording {
  const { clock } = options
  const began = clock.now()
  const recorded = { at: clock.date().toISOString(), upstream: options.upstream }
  const records: AnswerRecord[] = []
  const follower = call.api.follow()
  let head: Head | undefined
  let action: Action | undefined
  let mayBeOver = false

  const isRefused = () => head !== undefined && head.status >= 400
  const note = (what: Omit<Action, 'fixture'>) => void (action = { ...what, fixture: fileName(identity) })

  const save = async (ending: Ending): Promise<void> => {
    const redactor = options.redactor.for(call)
    const kept = await redactor.records(records, call.api)
    const harm = harmIn(records, kept, call.api, call)
    if (harm !== undefined) return note({ kind: 'not_saved', why: `its redaction ${harm}; see the rules of redaction` })
    // Of what is malformed the reason is its text.
    const isTold = isFailure(ending) && ending.why !== undefined
    note(
      await keep(store, options, {
        ...identity,
        response: head && { ...head, headers: redactor.headers(keptHeaders(head.headers)) },
        responseId: call.api.answerId(call, call.api.events(kept)),
        recorded,
        records: kept,
        ending: isTold ? { ...ending, why: redactor.body(ending.why) } : ending,
        endedAt: Math.max(Math.round(clock.now() - began), records.at(-1)?.at ?? 0),
      }),
    )
  }

  return {
    get action() {
      return action
    },
    get mayBeOver() {
      return mayBeOver
    },
    head: (given) => void (head = given),
    take(more) {
      records.push(...more)
      if (head !== undefined && head.status >= 400) return more.length
      let open = 0
      for (const [index, each] of more.entries()) {
        const progress = follower.take(each)
        mayBeOver = progress !== 'open'
        if (progress !== 'settling') open = index + 1
      }
      return open
    },
    ended: () => save({ end: isRefused() ? 'refused' : 'complete' }),
    async failed(error, signal) {
      if (error instanceof ModelError) await save(error.failure)
      else if (signal.aborted) note({ kind: 'not_saved', why: whyEnded(signal.reason) })
    },
  }
}

/** Saves a fixture if it is worth keeping; says what became of it. */
async function keep(
  store: Store,
  { recordFailures }: Pick<RecordOptions, 'recordFailures'>,
  fixture: Fixture,
): Promise<Omit<Action, 'fixture'>> {
  if (!recordFailures && !isGood(fixture)) {
    return { kind: 'not_saved', why: 'the model did not finish it (RECORD_FAILURES=1 saves that too)' }
  }
  try {
    const { outcome, replaced } = await store.save(fixture)
    if (outcome === 'kept') {
      return { kind: 'not_saved', why: 'the model did not finish it, and the fixture that exists is good' }
    }
    return { kind: outcome, changes: replaced && describeComparison(compare(replaced, fixture)) }
  } catch (error) {
    // The disk failed, not the model: the answer goes on, and what became of the fixture is told.
    const code = systemCode(error)
    if (code === undefined) throw error
    return { kind: 'not_saved', why: `the file could not be written: ${code}` }
  }
}

const whyEnded = (reason: unknown): string =>
  `it ended before the answer was finished: ${isError(reason) ? reason.message : String(reason)}`
