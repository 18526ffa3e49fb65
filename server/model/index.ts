/** Which model answers: the mode table. */
import type { Clock } from '../base/clock.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Store } from '../store/store.ts'
import { fault } from './fault.ts'
import { OPENAI_VERSION, live, type LiveOptions } from './live.ts'
import type { Mode } from './mode.ts'
import type { Model } from './model.ts'
import type { Pace } from './pace.ts'
import type { Plan } from './faults.ts'
import { record, type RecordOptions } from './record.ts'
import { type ReplayOptions, miss, replay } from './replay.ts'
import { logUsage, openUsageLog } from './usage.ts'

/** Makes the model that the configuration asks for; `live` leaves the store alone. */
/** What the models have to be told; a configuration holds all of it. */
export interface ModelSettings
  extends Omit<LiveOptions, 'redactor' | 'clock'>, Pick<RecordOptions, 'recordFailures' | 'upstream'> {
  readonly mode: Mode
  readonly pace: Pace
  readonly fault: Plan | undefined
  readonly usageLog: string | undefined
}

export function createModel(config: ModelSettings, store: Store, redactor: Redactor, clock: Clock): Model {
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
