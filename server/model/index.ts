/** Which model answers: the mode table. */
import type { Headers } from '../api/headers.ts'
import type { Clock } from '../base/clock.ts'
import { identify } from '../fixture/key.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Playback } from '../store/read/playback.ts'
import type { Store } from '../store/store.ts'
import type { Deadlines } from './deadlines.ts'
import { derive } from './derive.ts'
import { fault } from './fault.ts'
import type { Plan } from './faults.ts'
import { live } from './live.ts'
import type { Mode } from './mode.ts'
import type { Model } from './model.ts'
import { type Pace, paceOf, withPaces } from './pace.ts'
import { record } from './record.ts'
import type { RecordOptions } from './recording.ts'
import { listModels } from './models.ts'
import { shareCalls } from './share.ts'
import { type TakesOptions, createTakes } from './takes.ts'
import { miss, replay } from './replay.ts'
import { withRoom } from './room.ts'
import { createDispatcher } from './transport/dispatcher.ts'
import { createHttpTransport } from './transport/http.ts'
import { createLookup } from './transport/reach.ts'
import { type RouteSettings, namesIn } from './transport/route.ts'
import { createSdkTransport } from './transport/sdk.ts'
import { type SocketTransport, createSocketTransport } from './transport/socket.ts'
import { logUsage, openUsageLog } from './usage.ts'
import { written } from './written.ts'

/** What the models have to be told; a configuration holds all of it. */
export interface ModelSettings
  extends
    Deadlines,
    RouteSettings,
    TakesOptions,
    Pick<RecordOptions, 'recordFailures' | 'maxRecordingBytes' | 'upstream'> {
  readonly mode: Mode
  /** How large an event of the API, a line or a body in one piece may be, in bytes. */
  readonly maxEventBytes: number
  readonly pace: Pace
  readonly fault: Plan | undefined
  readonly usageLog: string | undefined
  /** The variables that name proxies. */
  readonly proxies: Readonly<Record<string, string | undefined>>
}

/** What the models are made of beside the settings. */
export interface ModelParts {
  readonly store: Store
  readonly redactor: Redactor
  readonly clock: Clock
  /** What is put around the model that calls APIs: it sees what is really asked of them, and nothing that was recorded. */
  readonly metrics?: { readonly around: (api: Model) => Model } | undefined
}

/** Makes the model that the settings ask for; `live` leaves the store alone. */
export function createModel(settings: ModelSettings, { store, redactor, clock, metrics }: ModelParts): Model {
  const { mode, pace, recordTakes, usageLog } = settings
  const takes = createTakes(settings)
  const good = goodIn(store, settings)
  const bare = () => live({ ...settings, ...transportsTo(settings), clock })
  const api = () => metrics?.around(bare()) ?? bare()
  const recording = () => record(api(), store, { ...settings, takes, redactor, clock })
  const recorded = { pace, clock, accepts: any }
  const auto = (): Model => {
    const otherwise = recordTakes ? recording() : shareCalls(recording(), store.identify, (...asked) => model(...asked))
    const model = replay(store, { ...recorded, accepts: good, goesOn: takes.goesOn, otherwise })
    return model
  }
  const modes: Record<Mode, () => Model> = {
    live: api,
    record: recording,
    replay: () => replay(store, { ...recorded, otherwise: listModels(miss(store), store) }),
    auto,
  }
  const model = modes[mode]()
  const logged = usageLog === undefined ? model : logUsage(model, store, openUsageLog(usageLog))
  const mocked = written(logged, {
    pace,
    clock,
    // Nothing is read of fixtures where they do not count.
    identify: mode === 'live' ? async (call) => identify(call, redactor) : store.identify,
  })
  const faulty = fault(mocked, {
    plan: settings.fault,
    onRequest: mode === 'replay',
    keyOf: async (call) => (await store.identify(call)).key,
    clock,
    // Replay spends the time of a silence as it spends all other.
    stallMs: (call) => (mode === 'replay' ? paceOf(call, pace)(settings.idleTimeoutMs, 1) : settings.idleTimeoutMs),
  })
  const paced = withPaces(faulty, mode)
  if (mode === 'live') return paced
  const accepts = mode === 'auto' ? good : any
  return withRoom(mode === 'record' ? paced : derive(paced, store, accepts), store.identify)
}

type Accepts = (playback: Playback) => boolean

const any: Accepts = () => true

/** In `auto` a recorded failure does not count as a fixture unless RECORD_FAILURES=1, or it is one take of several. */
const goodIn =
  (store: Store, { recordFailures }: Pick<ModelSettings, 'recordFailures'>): Accepts =>
  ({ isGood, key }) =>
    recordFailures || isGood || store.hasTakes(key)

function transportsTo(settings: ModelSettings) {
  const { baseURL, apiKey, proxies } = settings
  const dispatcher = createDispatcher(proxies, createLookup(namesIn(settings)))
  return {
    http: createHttpTransport({ ...settings, dispatcher }),
    sdk: createSdkTransport({ baseURL, apiKey, dispatcher }),
  }
}

/** How a client's WebSocket is carried to the API's; undefined in `replay`, which calls nothing. */
export function createUpstream({
  mode,
  proxies,
  ...settings
}: RouteSettings & Pick<ModelSettings, 'mode' | 'proxies' | 'maxEventBytes'>):
  ((headers: Headers, query: string, credential: string | undefined) => SocketTransport) | undefined {
  if (mode === 'replay') return undefined
  const lookup = createLookup(namesIn(settings))
  return (headers, query, credential) => {
    const { transport, close } = createSocketTransport({ ...settings, env: proxies, lookup }, headers, credential)
    return { transport: (call, signal) => transport({ ...call, query }, signal), close }
  }
}
