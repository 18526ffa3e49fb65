/** A model that answers from fixtures, and from nothing else. */
import { ModelError, isFailure } from '../api/ending.ts'
import type { Call } from '../api/call.ts'
import type { AnswerRecord, Batch } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import { fresh } from '../base/memo.ts'
import type { Recording } from '../store/playback.ts'
import type { Store } from '../store/store.ts'
import { createCounts, rowOf } from './count.ts'
import type { Action, Answer, Model } from './model.ts'
import { type Pace, instant } from './pace.ts'
import { retied } from './retie.ts'

export interface ReplayOptions {
  readonly pace: Pace
  readonly clock: Clock
  /** Which fixtures count. */
  readonly accepts: (recording: Recording) => boolean
  /** Whether a call is to be answered anew, whatever fixtures there are. */
  readonly goesOn?: (call: Call, key: string) => boolean
  /** What answers if none counts. */
  readonly otherwise: Model
}

/**
 * Makes a model that plays each fixture as it was recorded, at a pace: of several takes each client gets one after another,
 * and then the last again. What cannot be read now is no miss: the call fails
 * with `fixture_invalid`, and nothing else is asked.
 */
export function replay(store: Store, { pace, clock, accepts, goesOn, otherwise }: ReplayOptions): Model {
  const counts = createCounts()
  return async (call, signal) => {
    signal.throwIfAborted()
    const identity = await store.identify(call)
    const row = rowOf(call, identity.key)
    const nth = counts.next(row)
    if (!goesOn?.(call, identity.key)) {
      const recording = await store.recording(identity.key, nth)
      if (recording && accepts(recording)) return play(recording, call, { pace, clock, signal })
    }
    try {
      const doubt = store.doubtOf(identity)
      if (doubt) throw doubt
      return await otherwise(call, signal)
    } catch (error) {
      // Nothing was given: the next answer is the one that this was to be.
      counts.back(row, nth)
      throw error
    }
  }
}

/** Makes a model that answers nothing, and says why: it comes after replay, so that nothing goes live without being asked to. */
export function miss(store: Store): Model {
  return async (call) => {
    throw await store.miss(await store.identify(call))
  }
}

interface Playing {
  readonly pace: Pace
  readonly clock: Clock
  readonly signal: AbortSignal
}

async function play(recording: Recording, call: Call, playing: Playing): Promise<Answer> {
  const { response, ending } = recording
  const action: Action = { kind: 'hit', fixture: recording.name }
  const failure = isFailure(ending) ? ending : undefined
  if (!response) {
    await until(playing.pace(recording.endedAt, 0), playing.clock.now(), playing)
    throw new ModelError(failure ?? { end: 'unreachable' })
  }
  const parts = retied(recording, call)
  if (playing.pace !== instant || !Array.isArray(parts)) {
    return { head: response, action, records: inTime(recording, parts, playing) }
  }
  return { head: response, action, records: failure ? thenThrow(parts, failure) : parts }
}

function* thenThrow(parts: readonly Batch[], failure: ConstructorParameters<typeof ModelError>[0]): Generator<Batch> {
  yield* parts
  throw new ModelError(failure)
}

/** Waits until a time after the beginning, in ms. */
async function until(due: number, began: number, { clock, signal }: Playing): Promise<void> {
  const wait = due - (clock.now() - began)
  if (wait > 0) await clock.sleep(wait, signal)
  signal.throwIfAborted()
}

/** If all of a part is due at once, it is handed on as it is: encoders know it again. */
async function* inTime(
  { ending, endedAt }: Recording,
  parts: Answer['records'],
  playing: Playing,
): AsyncGenerator<Batch, void> {
  const { pace, clock } = playing
  const began = clock.now()
  let played = 0
  for await (const part of parts) {
    const { items } = part
    let start = 0
    for (let first = items[start]; first; first = items[start]) {
      await until(pace(first.at, played + start), began, playing)
      const elapsed = clock.now() - began
      let end = start + 1
      for (let next: AnswerRecord | undefined; (next = items[end]); end++) {
        if (pace(next.at, played + end) > elapsed) break
      }
      yield end - start === items.length ? part : fresh(items.slice(start, end))
      start = end
    }
    played += items.length
  }
  if (!isFailure(ending)) return
  await until(pace(endedAt, played), began, playing)
  throw new ModelError(ending)
}
