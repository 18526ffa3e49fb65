/** Records fixtures again, or compares what the API answers now. */
import { apiNamed } from '../api/index.ts'
import { contentText } from '../api/call.ts'
import { type Tokens, tokensIn } from '../api/tokens.ts'
import type { AnswerRecord } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import { DeltatapeError } from '../base/errors.ts'
import { type Candidate, type Fixture, type StoredFixture, eventsOf, isGood } from '../fixture/fixture.ts'
import type { Match } from '../fixture/match.ts'
import { parseRequest } from '../fixture/request.ts'
import { idOf, takeOf } from '../fixture/take.ts'
import { type ModelSettings, createModel } from '../model/index.ts'
import type { Model } from '../model/model.ts'
import { record } from '../model/record.ts'
import { NO_TAKES } from '../model/takes.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Saved } from '../store/save.ts'
import type { Store } from '../store/store.ts'
import { type Drift, comparable, findDrift, findHeadDrift } from './drift.ts'
import { createLore } from './lore.ts'
import { type Chains, type Kept, createChains, stampsOf } from './chains.ts'
import type { Plan, Planned } from './plan.ts'
import type { Progress } from './progress.ts'
import { type Reply, resend } from './resend.ts'
import { NOT_YET, STANDS, isPending, standingIn, unasked } from './standing.ts'

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
const apiFor = ({ context: { clock }, config, redactor, store }: Job): Model =>
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
const orDamage = <T>(work: Promise<T>): Promise<T | DeltatapeError> =>
  work.catch((error: unknown) => {
    if (error instanceof DeltatapeError && error.code === 'fixture_invalid') return error
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
async function send(
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

/** Records the answers anew. */
export async function refresh(job: Job, plan: Plan): Promise<Entry[]> {
  const { context, config, redactor, store, match } = job
  const api = apiFor(job)
  const saved = new Map<string, Saved['outcome'] | 'changed'>()
  const stamps = await stampsOf(
    store,
    plan.send.map(({ fixture }) => fixture),
  )
  const chains = await createChains(plan, { store, redactor, match, stamps })
  const standing = await standingIn(plan.send, store, answerIn(store))
  const modelFor = ({ fixture }: Planned) => {
    const stays = standing.get(idOf(fixture))
    if (stays) return unasked((sent) => chains.stay(fixture, stays, sent))
    const isAsPlanned = async () => stamps.get(fixture.name) === (await store.stamp(fixture.name))
    const own = storeFor(store, fixture, saved, isAsPlanned)
    const to = chains.has(fixture) ? waiting(own, fixture, chains, saved) : own
    return record(api, to, { ...config, takes: NO_TAKES, redactor, clock: context.clock })
  }

  const entries = await send(job, plan, modelFor, async ({ fixture }, reply) => {
    if (standing.has(idOf(fixture))) return { outcome: 'unchanged', why: STANDS }
    const outcome = saved.get(idOf(fixture))
    if (outcome === 'saved') return { outcome: 'refreshed' }
    if (outcome === 'unchanged') return { outcome }
    if (outcome === 'changed') return { outcome: 'failed', why: CHANGED }
    const { why = 'the model did not finish it' } = reply.action ?? {}
    if (reply.kind === 'answered') {
      const now = { call: fixture.call, response: reply.head, records: reply.records }
      return { outcome: 'failed', why: isPending(now) ? NOT_YET : why }
    }
    const before = await orDamage(store.find(fixture, takeOf(fixture)))
    if (before && !(before instanceof DeltatapeError) && failsAgain(before, reply)) {
      return {
        outcome: 'unchanged',
        why: 'recorded failures that failed again (--record-failures saves them anew)',
      }
    }
    return { outcome: 'failed', why: redactor.text(reply.why) }
  })
  const kept = await chains.save()
  return entries.map((entry) => concluded(entry, kept.get(entry.name)))
}

/** What became of a fixture, if it is of a conversation that is saved whole, or not at all. */
function concluded(entry: Entry, kept: Kept | undefined): Entry {
  if (kept === undefined || (entry.outcome !== 'refreshed' && entry.outcome !== 'unchanged')) return entry
  if (kept === 'saved') return { ...entry, outcome: 'refreshed' }
  if (kept === 'changed') return { ...entry, outcome: 'failed', why: CHANGED }
  return kept === 'unchanged'
    ? { ...entry, outcome: 'unchanged' }
    : { ...entry, outcome: 'unchanged', why: 'its conversation stays as it was, whole, for what failed in it' }
}

const CHANGED = 'changed on the disk meanwhile, and left as it is there'

/** A store that keeps what is recorded of a conversation until all of it is there. */
const waiting = (
  store: Store,
  fixture: Candidate,
  chains: Chains,
  saved: Map<string, Saved['outcome'] | 'changed'>,
): Store => ({
  ...store,
  identify: async (sent) => chains.identify(fixture, sent),
  async save(recording) {
    if (isPending(recording)) return { outcome: 'kept', name: fixture.name }
    chains.keep(fixture, recording)
    saved.set(idOf(fixture), 'saved')
    return { outcome: 'saved', name: fixture.name }
  },
})

/**
 * A store that keeps what is recorded as this fixture, whatever id the request was sent with.
 *
 * @param isAsPlanned whether its file is still as it was: what another process did to it meanwhile stays
 */
function storeFor(
  store: Store,
  fixture: Candidate,
  saved: Map<string, Saved['outcome'] | 'changed'>,
  isAsPlanned: () => Promise<boolean>,
): Store {
  const { key, api, call, previousKey, matchedBy } = fixture
  const id = idOf(fixture)
  return {
    ...store,
    async identify(sent) {
      const requestText = sent.content.byteLength > 0 ? contentText(sent) : '{}'
      return { key, api, call, request: parseRequest(requestText), requestText, previousKey, matchedBy }
    },
    async save(recording) {
      if (isPending(recording)) return { outcome: 'kept', name: fixture.name }
      if (!(await isAsPlanned())) {
        saved.set(id, 'changed')
        return { outcome: 'kept', name: fixture.name }
      }
      const result = await store.save({ ...recording, take: fixture.take, follows: fixture.follows })
      saved.set(id, result.outcome)
      return result
    },
  }
}

type Failed = Extract<Reply, { kind: 'failed' }>

const failsAgain = (before: StoredFixture, { records, ending, status }: Failed): boolean =>
  ending !== undefined && !isGood(before) && failedAlike(before, { api: before.api, records, ending, status })

type Outcome = Pick<Fixture, 'api' | 'records' | 'ending'> & { readonly status: number | undefined }

/** Whether a recorded failure happened again: the same ending, the same status, an event of the same type that tells of it. */
export function failedAlike(before: Pick<Fixture, 'api' | 'records' | 'ending' | 'response'>, now: Outcome): boolean {
  const { end } = before.ending
  if (end !== now.ending.end) return false
  if (end === 'refused') return before.response?.status === now.status
  const toldBy = (each: Pick<Fixture, 'api' | 'records'>) =>
    eventsOf(each).find((event) => apiNamed(each.api).failureOf(event))?.type
  return end !== 'complete' || toldBy(before) === toldBy(now)
}

/** Compares the answers with those of the fixtures, and saves nothing. */
export async function compare(job: Job, plan: Plan, all: readonly Candidate[]): Promise<Entry[]> {
  const { redactor, store } = job
  const api = apiFor(job)
  const lore = createLore()
  for (const candidate of all) {
    const fixture = await orDamage(store.find(candidate, takeOf(candidate)))
    if (fixture && !(fixture instanceof DeltatapeError)) lore.add(fixture)
  }

  const standing = await standingIn(plan.send, store, answerIn(store))
  return send(
    job,
    plan,
    ({ fixture }) => (standing.has(idOf(fixture)) ? unasked() : api),
    async ({ fixture }, reply) => {
      if (standing.has(idOf(fixture))) return { outcome: 'skipped', why: STANDS }
      if (reply.kind === 'failed') return { outcome: 'failed', why: redactor.text(reply.why) }
      const before = await orDamage(store.find(fixture, takeOf(fixture)))
      if (before instanceof DeltatapeError) return { outcome: 'failed', why: before.message }
      if (!before) return { outcome: 'failed', why: 'The fixture was removed meanwhile.' }
      // The earlier turn of a conversation, sent for what follows it: a failure has nothing to compare.
      if (!isGood(before)) return { outcome: 'same' }
      const records = await redactor.records(reply.records, apiNamed(before.api))
      const now = comparable({ api: before.api, records })
      const drifts = [
        ...findHeadDrift(before.response, reply.head),
        ...findDrift(comparable(before), now, lore.of(before)),
      ]
      return { outcome: drifts.length > 0 ? 'differs' : 'same', drifts }
    },
  )
}

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
