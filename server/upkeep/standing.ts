/** What of a row of takes stays as it was recorded, because to ask again would not bring it back: failures before a success, and polls of what was not finished yet. */
import type { Call } from '../api/call.ts'
import { ModelError } from '../api/ending.ts'
import { isUnfinished } from '../api/unfinished.ts'
import { type Candidate, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { idOf } from '../fixture/take.ts'
import type { Model } from '../model/model.ts'
import type { Store } from '../store/store.ts'
import type { Planned } from './plan.ts'

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

const isPoll = ({ call }: Candidate): boolean => call.method === 'GET'

const isPending = (fixture: StoredFixture): boolean =>
  isPoll(fixture) && isUnfinished(fixture.response?.status ?? 0, fixture.records)

/** Why it was not asked again. */
export const STANDS =
  'of several answers to one call, failures and what was not finished yet stay as they were: a run of the app with MODEL_MODE=record and RECORD_TAKES=1 records the row anew'

/** Makes a model that asks nobody, and tells what it would have asked. */
export const unasked =
  (tell: (call: Call) => void = () => {}): Model =>
  async (call) => {
    tell(call)
    throw new ModelError({ end: 'unreachable', why: STANDS })
  }
