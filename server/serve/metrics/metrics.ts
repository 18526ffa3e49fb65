/** What is counted of a server, by labels from tables of ours: no model, path, host, name or id that a client chose. */
import type { Clock } from '../../base/clock.ts'
import { VERSION } from '../../base/version.ts'
import type { Mode } from '../../model/mode.ts'
import type { Action, Model } from '../../model/model.ts'
import type { Operation } from '../../store/driver.ts'
import type { Onlooker } from '../journal.ts'
import { type Called, watchCalls } from './calls.ts'
import { type Family, createCounter, createHistogram, gauge } from './tally.ts'

/** What is looked up when a scrape asks for it. */
export interface Standing {
  /** How many WebSockets are open, by what is spoken there. */
  readonly connections: ReadonlyMap<string, number>
  /** How many turns wait for their connection. */
  readonly queued: number
}

export interface Metrics extends Onlooker {
  /** Made around the model that calls APIs: what it does is real, where replays are not. */
  readonly around: (api: Model) => Model
  /** Hears of what is done in the engine that holds the fixtures. */
  readonly watch: (operation: Operation) => void
  /** An answer came from the cache while that engine was away. */
  readonly onStale: () => void
  /** All numbers as they are now. */
  families(standing: Standing): readonly Family[]
}

/** In seconds: a replay takes 0.2 to 50 ms, a model up to minutes. */
const TURN_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** As OpenTelemetry has them for calls of models. */
const CALL_SECONDS = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power)
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power)

export function createMetrics({ mode }: { readonly mode: Mode }, clock: Pick<Clock, 'now'>): Metrics {
  const turns = createTurns(mode, clock)
  const calls = createCalls()
  const store = createStore()
  const build = gauge(
    { name: 'deltatape_build_info', help: 'Which deltatape this is, and in which mode.', labels: ['version', 'mode'] },
    [[[VERSION, mode], 1]],
  )
  return {
    begin: turns.begin,
    around: (api) => watchCalls(api, clock, calls.count),
    watch: store.watch,
    onStale: store.onStale,
    families: ({ connections, queued }) => [
      build,
      ...turns.families(),
      gauge({ name: 'deltatape_turns_queued', help: 'Turns that wait on their WebSocket.' }, [[[], queued]]),
      gauge(
        { name: 'deltatape_connections', help: 'Open WebSockets.', labels: ['endpoint'] },
        [...connections].map(([endpoint, count]) => [[endpoint], count]),
      ),
      ...store.families(),
      ...calls.families(),
    ],
  }
}

function createTurns(mode: Mode, clock: Pick<Clock, 'now'>) {
  const tallies = createTurnTallies()
  const { turns, seconds, first, recordings } = tallies
  // A series that begins at 0 has its first increase seen.
  for (const outcome of RECORDED) recordings.at(outcome)
  let active = 0
  const begin: Onlooker['begin'] = ({ spoken, call }) => {
    const began = clock.now()
    let firstMs: number | undefined
    active++
    return {
      sent() {
        firstMs ??= clock.now() - began
      },
      ended({ action, code, ms }) {
        active--
        const outcome = action?.derived ? 'derived' : (action?.kind ?? 'none')
        turns.at(mode, call?.api.name ?? '', spoken, outcome, code ?? '').value++
        seconds.at(mode, spoken, outcome).observe(ms / 1000)
        if (firstMs !== undefined) first.at(mode, spoken, outcome).observe(firstMs / 1000)
        if (!action || !RECORDED.has(action.kind)) return
        recordings.at(action.kind).value++
        // Earlier takes are saved with the one that follows them.
        recordings.at('saved').value += action.earlier?.length ?? 0
      },
    }
  }
  const families = () => [
    ...Object.values(tallies).map((tally) => tally.family()),
    gauge({ name: 'deltatape_turns_active', help: 'Turns that run.' }, [[[], active]]),
  ]
  return { begin, families }
}

function createTurnTallies() {
  const labels = ['mode', 'endpoint', 'outcome']
  return {
    turns: createCounter({
      name: 'deltatape_turns_total',
      help: 'Turns of chats and calls of APIs that have ended: what became of the fixture, and the code of the error.',
      labels: ['mode', 'api', 'endpoint', 'outcome', 'code'],
    }),
    seconds: createHistogram(
      { name: 'deltatape_turn_duration_seconds', help: 'From the beginning of a turn to its end.', labels },
      TURN_SECONDS,
    ),
    first: createHistogram(
      { name: 'deltatape_first_record_seconds', help: 'From the beginning of a turn to its first record.', labels },
      TURN_SECONDS,
    ),
    recordings: createCounter({
      name: 'deltatape_recordings_total',
      help: 'What became of answers of APIs that were recorded.',
      labels: ['outcome'],
    }),
  }
}

const RECORDED: ReadonlySet<string> = new Set(['saved', 'unchanged', 'not_saved'] satisfies Action['kind'][])

function createStore() {
  const operations = createHistogram(
    {
      name: 'deltatape_store_operation_duration_seconds',
      help: 'What was asked of the engine that holds the fixtures.',
      labels: ['engine', 'operation', 'outcome'],
    },
    TURN_SECONDS,
  )
  const stale = createCounter({
    name: 'deltatape_store_stale_total',
    help: 'Answers from FIXTURES_CACHE while the engine was away.',
  })
  return {
    watch: ({ engine, operation, outcome, ms }: Operation) =>
      operations.at(engine, operation, outcome).observe(ms / 1000),
    onStale: () => void stale.at().value++,
    families: () => [operations.family(), stale.family()],
  }
}

function createCalls() {
  const of = ['gen_ai_operation_name', 'gen_ai_provider_name']
  const duration = createHistogram(
    {
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Calls that went to an API, from their beginning to their end.',
      labels: [...of, 'error_type'],
    },
    CALL_SECONDS,
  )
  const first = createHistogram(
    {
      name: 'gen_ai_client_operation_time_to_first_chunk_seconds',
      help: 'Calls that went to an API and were answered in pieces, until the first.',
      labels: of,
    },
    CALL_SECONDS,
  )
  const tokens = createHistogram(
    {
      name: 'gen_ai_client_token_usage',
      help: 'Tokens of calls that went to an API.',
      labels: [...of, 'gen_ai_token_type'],
    },
    TOKENS,
  )
  return {
    count(called: Called): void {
      const { operation, provider, error, ms, firstMs, tokens: used } = called
      duration.at(operation, provider, error).observe(ms / 1000)
      if (firstMs !== undefined) first.at(operation, provider).observe(firstMs / 1000)
      if (!used) return
      tokens.at(operation, provider, 'input').observe(used.input)
      tokens.at(operation, provider, 'output').observe(used.output)
    },
    families: () => [duration, first, tokens].map((tally) => tally.family()),
  }
}
