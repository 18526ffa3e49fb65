/** Records fixtures again, or compares what the API answers now. */
import { type Tokens, tokensOf } from '../api/responses/events.ts'
import { DeltatapeError } from '../base/errors.ts'
import { type Candidate, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { identify } from '../fixture/key.ts'
import type { Clock } from '../base/clock.ts'
import { OPENAI_VERSION, live, type LiveOptions } from '../model/live.ts'
import type { Model } from '../model/model.ts'
import { record, type RecordOptions } from '../model/record.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Store } from '../store/store.ts'
import { type Drift, findDrift, typesWithin } from './drift.ts'
import { type Plan, type Planned, failedAlike } from './plan.ts'
import { type Reply, resend } from './resend.ts'

/** Shows how far some work is. */
export interface Progress {
  progress(total: number, unit: string): { step(note?: string): void; stop(): void }
}

/** What a run works with. */
export interface Job {
  readonly context: { readonly clock: Clock; readonly terminal: Progress; interrupted(): AbortSignal }
  readonly config: Omit<LiveOptions, 'redactor' | 'clock'> & Pick<RecordOptions, 'recordFailures' | 'upstream'>
  readonly redactor: Redactor
  readonly store: Store
  readonly concurrency: number
}

/** Of some fixtures those that hold an answer, which another can be compared with, and why the others do not. */
export async function withAnAnswer(store: Store, fixtures: readonly Candidate[]) {
  const compared: Candidate[] = []
  const passed: { readonly name: string; readonly why: string }[] = []
  for (const fixture of fixtures) {
    const found = await orDamage(store.find(fixture.key))
    if (found instanceof DeltatapeError || (found && isGood(found))) compared.push(fixture)
    else passed.push({ name: fixture.name, why: 'recorded failures have no answer to compare' })
  }
  return { compared, passed }
}

/** What was found, or the error that says how it is damaged. */
async function orDamage<T>(work: Promise<T>): Promise<T | DeltatapeError> {
  try {
    return await work
  } catch (error) {
    if (error instanceof DeltatapeError && error.code === 'fixture_invalid') return error
    throw error
  }
}

/** Sends a plan, and shows how far it is. */
async function send(
  { context, concurrency }: Job,
  { send: planned }: Plan,
  modelFor: (planned: Planned) => Model,
  conclude: (planned: Planned, reply: Reply) => Promise<Entry>,
): Promise<Entry[]> {
  const bar = context.terminal.progress(planned.length, 'fixtures')
  const done: Entry[] = []
  try {
    return await resend(planned, { modelFor, concurrency, signal: context.interrupted() }, async (each, reply) => {
      const entry = await conclude(each, reply)
      done.push(entry)
      const { input, output } = totalOf(done)
      bar.step(`${SHORT.format(input)} tokens in, ${SHORT.format(output)} out`)
      return entry
    })
  } finally {
    bar.stop()
  }
}

const SHORT = new Intl.NumberFormat('en', { notation: 'compact' })

/** Records the answers anew. */
export function refresh(job: Job, plan: Plan): Promise<Entry[]> {
  const { context, config, redactor, store } = job
  const api = live({ ...config, redactor, clock: context.clock })
  const recording = { ...config, openai: OPENAI_VERSION, redactor, clock: context.clock }
  const modelFor = ({ fixture }: Planned) =>
    // Whatever id it is sent with, it is this fixture's request: no other key may come of it.
    record(api, { ...store, identify: async (body) => identify(body, redactor, fixture.previousKey) }, recording)

  return send(job, plan, modelFor, async ({ fixture: { name, key } }, reply) => {
    if (reply.kind === 'not_sent') return { name, outcome: 'not_sent' }
    const tokens = tokensOf(reply.events)
    const { kind, why = 'the model did not finish it' } = reply.action ?? {}
    if (kind === 'saved') return { name, outcome: 'refreshed', tokens }
    if (kind === 'unchanged') return { name, outcome: 'unchanged', tokens }
    if (reply.kind === 'answered') return { name, outcome: 'failed', why, tokens }
    const before = await orDamage(store.find(key))
    if (before && !(before instanceof DeltatapeError) && failsAgain(before, reply)) {
      return {
        name,
        outcome: 'unchanged',
        why: 'recorded failures that failed again (--record-failures saves them anew)',
        tokens,
      }
    }
    return { name, outcome: 'failed', why: redactor.text(reply.why), tokens }
  })
}

const failsAgain = (before: StoredFixture, { events, ending }: Extract<Reply, { kind: 'failed' }>): boolean =>
  ending !== undefined && !isGood(before) && failedAlike(before, { events, ending })

/** Compares the answers with those of the fixtures, and saves nothing. */
export async function compare(job: Job, plan: Plan, all: readonly Candidate[]): Promise<Entry[]> {
  const { context, config, redactor, store } = job
  const api = live({ ...config, redactor, clock: context.clock })
  const known = new Set<string>()
  for (const { key } of all) {
    const fixture = await orDamage(store.find(key))
    if (fixture && !(fixture instanceof DeltatapeError)) for (const type of typesWithin(fixture.events)) known.add(type)
  }

  return send(
    job,
    plan,
    () => api,
    async ({ fixture: { name, key } }, reply) => {
      if (reply.kind === 'not_sent') return { name, outcome: 'not_sent' }
      const tokens = tokensOf(reply.events)
      if (reply.kind === 'failed') return { name, outcome: 'failed', why: redactor.text(reply.why), tokens }
      const before = await orDamage(store.find(key))
      if (before instanceof DeltatapeError) return { name, outcome: 'failed', why: before.message, tokens }
      if (!before) return { name, outcome: 'failed', why: 'The fixture was removed meanwhile.', tokens }
      // The earlier turn of a conversation, sent for what follows it: a failure has nothing to compare.
      if (!isGood(before)) return { name, outcome: 'same', tokens }
      const drifts = findDrift(before.events, redactor.events(reply.events), known)
      return { name, outcome: drifts.length > 0 ? 'differs' : 'same', drifts, tokens }
    },
  )
}

/** What became of a fixture. */
export interface Entry {
  readonly name: string
  readonly outcome: 'refreshed' | 'unchanged' | 'same' | 'differs' | 'failed' | 'skipped' | 'not_sent'
  /** Why it failed, was skipped or stayed. */
  readonly why?: string
  /** How the new answer differs, where nothing was saved. */
  readonly drifts?: readonly Drift[]
  /** What the new answer cost. */
  readonly tokens?: Tokens
}

/** What was done: `record` saves, `check` compares. */
export type Task = 'record' | 'check'

/** All that was spent. */
export const totalOf = (entries: readonly Entry[]): Tokens => ({
  input: entries.reduce((sum, { tokens }) => sum + (tokens?.input ?? 0), 0),
  output: entries.reduce((sum, { tokens }) => sum + (tokens?.output ?? 0), 0),
})

export const damagedEntry = (name: string): Entry => ({
  name,
  outcome: 'failed',
  why: 'The fixture is damaged in its first line, so that its request is not known. Remove it, or git checkout it.',
})
