/** Answers that are there already, played at a pace. */
import type { Call } from '../api/call.ts'
import { ModelError, isFailure } from '../api/ending.ts'
import type { AnswerRecord, Batch } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import { fresh } from '../base/memo.ts'
import type { Playback } from '../store/read/playback.ts'
import type { Action, Answer } from './model.ts'
import { type Pace, instant } from './pace.ts'
import { retied } from './retie.ts'

export interface Playing {
  /** What became of the call. */
  readonly kind: Action['kind']
  readonly pace: Pace
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Gives an answer as it was recorded, at a pace. */
export function play(playback: Playback, call: Call, playing: Playing): Answer | Promise<never> {
  const { response, ending } = playback
  const action = actionFor(playback, playing.kind)
  const failure = isFailure(ending) ? ending : undefined
  if (!response) return unanswered(playback, playing)
  const parts = retied(playback, call)
  if (playing.pace !== instant || !Array.isArray(parts)) {
    return { head: response, action, records: inTime(playback, parts, playing) }
  }
  return { head: response, action, records: failure ? thenThrow(parts, failure) : parts }
}

/** No head came: it fails when it failed. */
async function unanswered({ ending, endedAt }: Playback, playing: Playing): Promise<never> {
  await until(playing.pace(endedAt, 0), playing.clock.now(), playing)
  throw new ModelError(isFailure(ending) ? ending : { end: 'unreachable' })
}

const actions = new WeakMap<Playback, Action>()

/** What became of a call that a fixture answers: the very same each time, so that what is told of it is made once. */
function actionFor(playback: Playback, kind: Action['kind']): Action {
  const known = actions.get(playback)
  if (known?.kind === kind) return known
  const action = { kind, fixture: playback.name }
  actions.set(playback, action)
  return action
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
  { ending, endedAt }: Playback,
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
