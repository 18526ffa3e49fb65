/** Which model answers: the mode table. */
import type { Config, Mode } from '../config.ts'
import type { Clock } from '../pace.ts'
import type { Redactor } from '../redact.ts'
import { isGood, type Store } from '../store.ts'
import { OPENAI_VERSION, live } from './live.ts'
import type { Model } from './model.ts'
import { record } from './record.ts'
import { replay } from './replay.ts'

/** Makes the model that the configuration asks for; `live` leaves the store alone. */
export function createModel(config: Config, store: Store, redactor: Redactor, clock: Clock): Model {
  const api = () => live({ ...config, redactor, clock })
  const replaying = () => replay(store, config.pace, clock)
  const recording = () => record(api(), store, { ...config, openai: OPENAI_VERSION, redactor, clock })
  const modes: Record<Mode, () => Model> = {
    live: api,
    replay: replaying,
    record: recording,
    auto: () => auto(store, config.recordFailures, replaying(), recording()),
  }
  return modes[config.mode]()
}

/** Replays what is there and records what is not. A recorded failure is none, unless failures are wanted. */
function auto(store: Store, failuresToo: boolean, replaying: Model, recording: Model): Model {
  return async function* (request, signal) {
    const { key } = await store.identify(request.body)
    const fixture = await store.find(key)
    yield* (fixture && (failuresToo || isGood(fixture)) ? replaying : recording)(request, signal)
  }
}
