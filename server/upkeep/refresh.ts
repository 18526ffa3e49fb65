/** Records fixtures again. */
import { contentText } from '../api/call.ts'
import { apiNamed } from '../api/index.ts'
import { DeltatapeError } from '../base/errors.ts'
import { type Candidate, type Fixture, type StoredFixture, eventsOf, isGood } from '../fixture/fixture.ts'
import { parseRequest } from '../fixture/request.ts'
import { idOf, takeOf } from '../fixture/take.ts'
import { record } from '../model/record.ts'
import { NO_TAKES } from '../model/takes.ts'
import type { Saved } from '../store/save.ts'
import type { Store } from '../store/store.ts'
import { type Chains, type Kept, createChains, stampsOf } from './chains.ts'
import type { Plan, Planned } from './plan.ts'
import type { Failed } from './resend.ts'
import { type Entry, type Job, answerIn, apiFor, orDamage, send } from './sending.ts'
import { NOT_YET, STANDS, isPending, standingIn, unasked } from './standing.ts'

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
