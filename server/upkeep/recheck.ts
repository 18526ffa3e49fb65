/** Compares what the API answers now with what was recorded. Nothing is saved. */
import { apiNamed } from '../api/index.ts'
import { DeltatapeError } from '../base/errors.ts'
import { type Candidate, isGood } from '../fixture/fixture.ts'
import { idOf, takeOf } from '../fixture/take.ts'
import { comparable, findDrift, findHeadDrift } from './drift.ts'
import { createLore } from './lore.ts'
import type { Plan } from './plan.ts'
import { type Entry, type Job, answerIn, apiFor, orDamage, send } from './sending.ts'
import { STANDS, standingIn, unasked } from './standing.ts'

/** Sends a plan, and compares the answers with those of the fixtures. */
export async function recheck(job: Job, plan: Plan, all: readonly Candidate[]): Promise<Entry[]> {
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
