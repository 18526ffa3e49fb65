/** A model that answers from fixtures, and from nothing else. */
import { fileName } from '../fixture.ts'
import type { Clock, Pace } from '../pace.ts'
import type { Store, StoredFixture } from '../store.ts'
import { MAX_BATCH_CHARS, ModelError, type Model, type ModelEvent } from './model.ts'

export interface ReplayOptions {
  readonly pace: Pace
  readonly clock: Clock
  /** Which fixtures count. */
  readonly accepts: (fixture: StoredFixture) => boolean
  /** What answers where none counts. */
  readonly otherwise: Model
}

/** Makes a model that plays each fixture as it was recorded, at a pace. */
export function replay(store: Store, { pace, clock, accepts, otherwise }: ReplayOptions): Model {
  return async function* (request, signal) {
    signal.throwIfAborted()
    const { key } = await store.identify(request.body)
    const fixture = await store.find(key)
    if (!fixture || !accepts(fixture)) return yield* otherwise(request, signal)
    request.note?.({ kind: 'hit', fixture: fixture.name })
    yield* play(fixture, pace, clock, signal)
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

async function* play(
  { events, ending, endedAt }: StoredFixture,
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
  let index = 0
  for (let first = events[index]; first; first = events[index]) {
    await until(pace(first.at, index))
    const elapsed = clock.now() - began
    const start = index
    let size = 0
    for (let event: ModelEvent | undefined = first; event; event = events[index]) {
      size += event.text.length
      if (index > start && (size > MAX_BATCH_CHARS || pace(event.at, index) > elapsed)) break
      index++
    }
    yield events.slice(start, index)
  }
  if (ending.end === 'complete') return
  await until(pace(endedAt, events.length))
  throw new ModelError(ending)
}
