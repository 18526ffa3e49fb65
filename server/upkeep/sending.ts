/** Sends the requests of fixtures again, and tells what became of each: what recording anew and comparing have in common. */
import { apiNamed } from '../api/index.ts'
import type { AnswerRecord } from '../api/record.ts'
import { type Tokens, tokensIn } from '../api/tokens.ts'
import type { Clock } from '../base/clock.ts'
import { DeltatapeError } from '../base/errors.ts'
import { isDamage } from '../fixture/damage.ts'
import { type Candidate, type StoredFixture, isGood } from '../fixture/fixture.ts'
import type { Match } from '../fixture/match.ts'
import { takeOf } from '../fixture/take.ts'
import { type ModelSettings, createModel } from '../model/index.ts'
import type { Model } from '../model/model.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Store } from '../store/store.ts'
import type { Drift } from './drift.ts'
import type { Plan, Planned } from './plan.ts'
import type { Progress } from './progress.ts'
import { type Reply, resend } from './resend.ts'

/** Which fixture it is, and of whom it was asked. */
interface Asked {
  readonly name: string
  /** The name of the API's row, and the host if it is not its own. */
  readonly api?: string
  readonly host?: string | undefined
}

/** What is told of a fixture beside what became of it. */
export const askedOf = ({ name, api, call: { host } }: Candidate): Asked => ({ name, api, host })

/** What became of a fixture. */
export interface Entry extends Asked {
  readonly outcome: 'refreshed' | 'unchanged' | 'same' | 'differs' | 'failed' | 'skipped' | 'not_sent'
  /** Why it failed, was skipped or stayed. */
  readonly why?: string
  /** How the new answer differs, if nothing was saved. */
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

/** What a run works with. */
export interface Job {
  readonly context: { readonly clock: Clock; readonly terminal: Progress; interrupted(): AbortSignal }
  readonly config: ModelSettings
  readonly redactor: Redactor
  readonly store: Store
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
  readonly concurrency: number
}

/** The API itself, whatever the configuration says of modes. */
export const apiFor = ({ context: { clock }, config, redactor, store }: Job): Model =>
  createModel({ ...config, mode: 'live', fault: undefined, usageLog: undefined }, { store, redactor, clock })

/** Of some fixtures those that hold an answer, which another can be compared with, and why the others do not. */
export async function withAnAnswer(store: Store, fixtures: readonly Candidate[]) {
  const compared: Candidate[] = []
  const passed: { readonly name: string; readonly why: string }[] = []
  for (const fixture of fixtures) {
    const found = await orDamage(store.find(fixture, takeOf(fixture)))
    if (found instanceof DeltatapeError || (found && isGood(found))) compared.push(fixture)
    else passed.push({ name: fixture.name, why: 'recorded failures have no answer to compare' })
  }
  return { compared, passed }
}

/** What was found, or the error that says how it is damaged. */
export const orDamage = <T>(work: Promise<T>): Promise<T | DeltatapeError> =>
  work.catch((error: unknown) => {
    if (isDamage(error)) return error
    throw error
  })

/** The answers of fixtures, as far as they can be read. */
export const answerIn =
  (store: Store) =>
  async (fixture: Candidate): Promise<StoredFixture | undefined> => {
    const found = await orDamage(store.find(fixture, takeOf(fixture)))
    return found instanceof DeltatapeError ? undefined : found
  }

/** Sends a plan, and shows how far it is. */
export async function send(
  { context, concurrency, redactor, store }: Job,
  { send: planned }: Plan,
  modelFor: (planned: Planned) => Model,
  conclude: (
    planned: Planned,
    reply: Exclude<Reply, { kind: 'not_sent' }>,
  ) => Promise<Omit<Entry, keyof Asked | 'tokens'>>,
): Promise<Entry[]> {
  const bar = context.terminal.progress(planned.length, 'fixtures')
  const done: Entry[] = []
  try {
    return await resend(
      planned,
      { modelFor, answerOf: answerIn(store), concurrency, signal: context.interrupted(), redactor },
      async (each, reply) => {
        const asked = askedOf(each.fixture)
        const entry: Entry =
          reply.kind === 'not_sent'
            ? { ...asked, outcome: 'not_sent' }
            : { ...asked, ...(await conclude(each, reply)), tokens: tokensOf(each, reply.records) }
        done.push(entry)
        const { input, output } = totalOf(done)
        bar.step(`${SHORT.format(input)} tokens in, ${SHORT.format(output)} out`)
        return entry
      },
    )
  } finally {
    bar.stop()
  }
}

const tokensOf = ({ fixture }: Planned, records: readonly AnswerRecord[]): Tokens => {
  const api = apiNamed(fixture.api)
  return tokensIn(api.told(api.events(records)).usage)
}

const SHORT = new Intl.NumberFormat('en', { notation: 'compact' })
