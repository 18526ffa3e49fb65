/** A model that answers from fixtures, and from nothing else. */
import { ModelError } from '../api/ending.ts'
import type { ModelEvent } from '../api/event.ts'
import type { Clock } from '../base/clock.ts'
import { fileName } from '../fixture/key.ts'
import type { Recording } from '../store/playback.ts'
import type { Store } from '../store/store.ts'
import type { Model } from './model.ts'
import type { Pace } from './pace.ts'

export interface ReplayOptions {
  readonly pace: Pace
  readonly clock: Clock
  /** Which fixtures count. */
  readonly accepts: (recording: Recording) => boolean
  /** What answers where none counts. */
  readonly otherwise: Model
}

/** Makes a model that plays each fixture as it was recorded, at a pace. */
export function replay(store: Store, { pace, clock, accepts, otherwise }: ReplayOptions): Model {
  return async function* (request, signal) {
    signal.throwIfAborted()
    const { key } = await store.identify(request.body)
    const recording = await store.recording(key)
    if (!recording || !accepts(recording)) return yield* otherwise(request, signal)
    request.note?.({ kind: 'hit', fixture: recording.name })
    yield* play(recording, pace, clock, signal)
  }
}

/** Makes a model that answers nothing, and says why: what stands behind replay, so that nothing goes live unasked. */
export function miss(store: Store): Model {
  // oxlint-disable-next-line require-yield -- it fails before it has anything to yield
  return async function* (request) {
    const identity = await store.identify(request.body)
    request.note?.({ kind: 'miss', fixture: fileName(identity) })
    throw await store.miss(identity)
  }
}

/** Where all of a part is due at once, it is handed on as it is: encoders know it again. */
async function* play(
  recording: Recording,
  pace: Pace,
  clock: Clock,
  signal: AbortSignal,
): AsyncIterable<readonly ModelEvent[]> {
  const began = clock.now()
  const until = async (due: number) => {
    const wait = due - (clock.now() - began)
    if (wait > 0) await clock.sleep(wait, signal)
    signal.throwIfAborted()
  }
  let played = 0
  for await (const part of recording.parts()) {
    let start = 0
    for (let first = part[start]; first; first = part[start]) {
      await until(pace(first.at, played + start))
      const elapsed = clock.now() - began
      let end = start + 1
      for (let event: ModelEvent | undefined; (event = part[end]); end++) {
        if (pace(event.at, played + end) > elapsed) break
      }
      yield end - start === part.length ? part : part.slice(start, end)
      start = end
    }
    played += part.length
  }
  if (recording.ending.end === 'complete') return
  await until(pace(recording.endedAt, played))
  throw new ModelError(recording.ending)
}
