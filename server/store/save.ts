/** The rules of saving: what stands in the place of what, and that the look and the deed are one step. */
import { posix } from 'node:path'
import { bytesOf } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import { isDamage } from '../fixture/damage.ts'
import { type Fixture, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { fileName } from '../fixture/key.ts'
import { takeOf } from '../fixture/take.ts'
import { isWritten } from '../fixture/written.ts'
import { removeFixture, writeFixture } from './beside.ts'
import { UnreadableError } from './disk.ts'
import type { Finder } from './finder.ts'
import { alone } from './write.ts'

/** What became of a fixture that was to be saved. */
export interface Saved {
  readonly outcome: 'saved' | 'unchanged' | 'kept'
  /** The file that holds a fixture of this call now. */
  readonly name: string
  /** The fixture of this key that it stands in the place of. */
  readonly replaced?: StoredFixture | undefined
}

/**
 * Saves a fixture.
 *
 * @param isMeant whether a failure may stand in the place of a good answer: as one take of several, of which another is good
 */
export type Save = (fixture: Fixture, isMeant?: boolean) => Promise<Saved>

interface Parts {
  readonly dir: string
  readonly finder: Finder
  readonly clock: Clock
}

/** Makes what saves fixtures of a directory, those of one key after another. */
export function createSaver({ dir, finder, clock }: Parts): Save {
  const inOrder = createOrder()
  const put = async (fixture: Fixture, isMeant: boolean): Promise<Saved> => {
    const take = takeOf(fixture)
    const before = await finder.find(fixture.key, take).catch(passOver)
    if (before && !isMeant && !isGood(fixture) && isGood(before)) return { outcome: 'kept', name: before.name }
    // Takes of a call stand beside each other.
    const beside = before?.name ?? (take > 1 ? await finder.nameOf(fixture.key).catch(passOver) : undefined)
    const name = beside === undefined ? fileName(fixture) : posix.join(posix.dirname(beside), fileName(fixture))
    if (before?.name === name && isSame(before, fixture)) return { outcome: 'unchanged', name }
    await writeFixture(dir, name, fixture, clock)
    finder.added(name)
    // Somebody may have made a copy since it was recorded. If there was none, that was just now seen.
    if (before) await finder.look()
    for (const other of new Set([...finder.namesakes(name), ...(before ? [before.name] : [])])) {
      if (other === name) continue
      const copy = await finder.sketch(other).catch(passOver)
      if (copy?.key === fixture.key && takeOf(copy) === take) await removeFixture(dir, other)
    }
    await finder.sketch(name)
    return { outcome: 'saved', name, replaced: before }
  }
  return (fixture, isMeant = false) =>
    inOrder(fixture.key, () => alone(dir, fixture.key, clock, () => put(fixture, isMeant)))
}

/** A damaged file is written over. What cannot be read now is not: it fails as the system says. */
function passOver(error: unknown): undefined {
  if (error instanceof UnreadableError) throw error.cause
  if (!isDamage(error)) throw error
}

/** Does the work of one key after another: saves of one call follow each other. */
function createOrder() {
  const last = new Map<string, Promise<unknown>>()
  return async (key: string, work: () => Promise<Saved>): Promise<Saved> => {
    const before = last.get(key)
    const mine = (async () => {
      await before?.catch(() => {})
      return work()
    })()
    last.set(key, mine)
    try {
      return await mine
    } finally {
      if (last.get(key) === mine) last.delete(key)
    }
  }
}

/**
 * Whether two fixtures hold the same request, body and ending; times, headers and how the body was cut do not count of what
 * is recorded. A recording is another one than what was written, be it the same to the byte.
 */
const isSame = (a: Fixture, b: Fixture): boolean =>
  JSON.stringify(factsOf(a)) === JSON.stringify(factsOf(b)) && bytesOf(a.records).equals(bytesOf(b.records))

const factsOf = (fixture: Fixture) => {
  const { requestText, ending, response, records } = fixture
  return [requestText, ending, response?.status, isWritten(fixture) ? records.map(({ at }) => at) : 'recorded']
}
