/** What of a row of takes stays as it was recorded, because to ask again would not bring it back: failures before a success, and polls of what was not finished yet. */
import type { Call } from '../api/call.ts'
import { ModelError } from '../api/ending.ts'
import { isUnfinished } from '../api/unfinished.ts'
import { type Candidate, type Fixture, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { idOf } from '../fixture/take.ts'
import type { Model } from '../model/model.ts'
import type { Store } from '../store/store.ts'
import { chainsIn } from './chains.ts'
import { BY_ITS_APP, type Plan, type Planned } from './plan.ts'

/** Finds them among what is to be sent, by the ids of the takes: they are not asked again. */
export async function standingIn(
  send: readonly Planned[],
  store: Pick<Store, 'hasTakes'>,
  read: (fixture: Candidate) => Promise<StoredFixture | undefined>,
): Promise<ReadonlyMap<string, StoredFixture>> {
  const standing = new Map<string, StoredFixture>()
  for (const { fixture } of send) {
    const isInRow = store.hasTakes(fixture.key)
    const found = isInRow || isPoll(fixture) ? await read(fixture) : undefined
    if (found && ((isInRow && !isGood(found)) || isPending(found))) standing.set(idOf(fixture), found)
  }
  return standing
}

/**
 * Leaves out conversations that hold an answer which was not finished yet when it was asked for by its id: another id
 * would stand there, and only its app asks until it is finished.
 */
export function withoutPolls({ send, skipped }: Plan, standing: ReadonlyMap<string, StoredFixture>): Plan {
  const left = new Map<Planned, string>()
  for (const chain of chainsIn(send)) {
    const isPolled = ({ fixture, carries }: Planned) => carries && isPoll(fixture) && standing.has(idOf(fixture))
    const polled = chain.find(isPolled)
    const why = polled && `its conversation holds ${polled.fixture.name}, which was not finished yet: ${BY_ITS_APP}`
    if (why !== undefined) for (const planned of chain) left.set(planned, why)
  }
  const others = Array.from(left, ([{ fixture }, why]) => ({ name: fixture.name, why }))
  return { send: send.filter((planned) => !left.has(planned)), skipped: [...skipped, ...others] }
}

const isPoll = ({ call }: Pick<Candidate, 'call'>): boolean => call.method === 'GET'

/** Whether it says that what was asked about is not finished yet. */
export const isPending = (fixture: Pick<Fixture, 'call' | 'response' | 'records'>): boolean =>
  isPoll(fixture) && isUnfinished(fixture.response?.status ?? 0, fixture.records)

/** Why it was not asked again. */
export const STANDS =
  'takes that failed, or were not finished yet, stay as they were: a run of the app with MODEL_MODE=record and RECORD_TAKES=1 records all takes of their call anew'

/** Why what was finished is not replaced by what is not. */
export const NOT_YET = 'it is not finished yet, and only its app waits for it: run that with MODEL_MODE=record'

/** Makes a model that asks nobody, and tells what it would have asked. */
export const unasked =
  (tell: (call: Call) => void = () => {}): Model =>
  async (call) => {
    tell(call)
    throw new ModelError({ end: 'unreachable', why: STANDS })
  }
