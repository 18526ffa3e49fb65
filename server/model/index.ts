/** Which model answers: the mode table. */
import type { Config, Mode } from '../config.ts'
import type { Clock } from '../pace.ts'
import type { Redactor } from '../redact.ts'
import type { Store } from '../store.ts'
import { fault } from './fault.ts'
import { OPENAI_VERSION, live } from './live.ts'
import type { Model } from './model.ts'
import { record } from './record.ts'
import { miss, replay, type ReplayOptions } from './replay.ts'
import { logUsage, openUsageLog } from './usage.ts'

/** Makes the model that the configuration asks for; `live` leaves the store alone. */
export function createModel(config: Config, store: Store, redactor: Redactor, clock: Clock): Model {
  const api = () => live({ ...config, redactor, clock })
  const recording = () => record(api(), store, { ...config, openai: OPENAI_VERSION, redactor, clock })
  const replaying = (otherwise: Model, accepts: ReplayOptions['accepts']) =>
    replay(store, { pace: config.pace, clock, otherwise, accepts })
  const modes: Record<Mode, () => Model> = {
    live: api,
    record: recording,
    replay: () => replaying(miss(store), () => true),
    // A recorded failure is none, unless failures are wanted.
    auto: () => replaying(recording(), ({ isGood }) => config.recordFailures || isGood),
  }
  const model = modes[config.mode]()
  const logged = config.usageLog === undefined ? model : logUsage(model, store, openUsageLog(config.usageLog))
  return fault(logged, {
    plan: config.fault,
    onRequest: config.mode === 'replay',
    keyOf: async (body) => (await store.identify(body)).key,
    clock,
    // Replay spends the time of a silence as it spends all other.
    stallMs: config.mode === 'replay' ? config.pace(config.idleTimeoutMs, 1) : config.idleTimeoutMs,
  })
}
