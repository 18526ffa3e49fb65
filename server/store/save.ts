/** The rules of saving: what stands in the place of what, whoever writes at the same time. */
import { posix } from 'node:path'
import { bytesOf } from '../api/record.ts'
import { passDamage } from '../fixture/damage.ts'
import { type Fixture, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { fileName } from '../fixture/key.ts'
import { takeOf } from '../fixture/take.ts'
import { isWritten } from '../fixture/written.ts'
import type { Answers } from './conversation/answers.ts'
import { removeFixture, writeFixture } from './read/beside.ts'
import { type Driver, type Expected, StoreError, foundAt } from './driver.ts'
import type { Finder } from './find/finder.ts'
import { createOrder } from '../base/shared.ts'
import { UnreadableError } from './unreadable.ts'

/** What became of a fixture that was to be saved. */
export interface Saved {
  readonly outcome: 'saved' | 'unchanged' | 'kept'
  /** The name under which there is a fixture of this call now. */
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
  readonly driver: Driver
  readonly finder: Finder
  readonly answers: Pick<Answers, 'saving' | 'removed'>
}

/** How often a fixture is tried to be saved, if others write the same one meanwhile. */
const MAX_TRIES = 8

/** Makes what saves fixtures, those of one key after another. */
export function createSaver({ driver, finder, answers }: Parts): Save {
  const inOrder = createOrder()
  const decide = createDecision({ driver, finder })

  /** Saves it, or gives undefined if somebody else wrote meanwhile what it has to be compared with. */
  const put = async (fixture: Fixture, isMeant: boolean, isSecond: boolean): Promise<Saved | undefined> => {
    const decided = await decide(fixture, isMeant || isGood(fixture), isSecond)
    if ('outcome' in decided) return decided
    const { name, before, expected } = decided
    await answers.saving(fixture, name)
    const version = await writeFixture(driver, { name, fixture, expected, before })
    if (version === undefined || !(await isKept({ driver, finder }, fixture, { name, version }))) return undefined
    finder.wrote(name, version, fixture)
    // It is saved: what an index has too much of is looked up, and passed over.
    if (before) await answers.removed(before, fixture).catch(passTrouble)
    // Somebody may have made a copy since it was recorded. If there was none, that was just now seen.
    if (before && driver.dir !== undefined) await removeCopies({ driver, finder }, fixture, name)
    return { outcome: 'saved', name, replaced: before }
  }

  const putInTries = async (fixture: Fixture, isMeant: boolean): Promise<Saved> => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const saved = await put(fixture, isMeant, tries > 0)
      if (saved) return saved
    }
    return { outcome: 'kept', name: fileName(fixture) }
  }
  return (fixture, isMeant = false) => inOrder(fixture.key, () => putInTries(fixture, isMeant))
}

/** Where a fixture is to be written, and in the place of what. */
interface Place {
  readonly name: string
  readonly before: StoredFixture | undefined
  /** What has to be there; anything may, if that is not said. */
  readonly expected: Expected | undefined
}

/** Makes what tells what becomes of a fixture by what is there: it goes to a place, or is not written at all. */
function createDecision({ driver, finder }: Pick<Parts, 'driver' | 'finder'>) {
  return async (fixture: Fixture, mayReplaceAll: boolean, isSecond: boolean): Promise<Place | Saved> => {
    const [take, usual] = [takeOf(fixture), fileName(fixture)]
    // Before it is looked at: what comes in between is somebody else's then.
    const seen = mayReplaceAll ? undefined : await expectedAt(driver, usual)
    const found = await finder.find(fixture, take).catch(passOver)
    const before = found?.fixture
    if (before && !mayReplaceAll && isGood(before)) return { outcome: 'kept', name: before.name }
    // Takes of a call stand beside each other.
    const beside = before?.name ?? (take > 1 ? await finder.nameOf(fixture).catch(passOver) : undefined)
    const name = beside === undefined ? usual : posix.join(posix.dirname(beside), usual)
    if (before?.name === name && isSame(before, fixture)) return { outcome: 'unchanged', name }
    // Nothing is written over that was not seen: whoever may only create can record. What is in the way is seen then.
    if (mayReplaceAll) return { name, before, expected: found === undefined && !isSecond ? 'absent' : undefined }
    if (name === usual) return { name, before, expected: seen }
    return { name, before, expected: before?.name === name ? found : 'absent' }
  }
}

/** What is damaged is written over. What cannot be read now is not: it fails as the system says. */
function passOver(error: unknown): undefined {
  if (error instanceof UnreadableError) throw error.cause
  passDamage(error)
}

/** What an engine says in place of what it was asked for. */
function passTrouble(error: unknown): void {
  if (!(error instanceof StoreError)) throw error
}

/** What has to be there for a write that may not take the place of anything else. */
async function expectedAt(driver: Driver, name: string): Promise<Expected> {
  const found = await foundAt(driver, name, 1)
  return found ? { version: found.version } : 'absent'
}

/**
 * Whether what was written is there, or another good answer. There are gateways to S3 that drop what is written over
 * anything, and say that it was written, if somebody writes over the object before it, and no other, at that moment.
 */
async function isKept(
  { driver, finder }: Pick<Parts, 'driver' | 'finder'>,
  fixture: Fixture,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<boolean> {
  if (driver.dir !== undefined || !isGood(fixture)) return true
  const got = await driver.get(name, { known: version, first: 1 })
  if (got === undefined || got === 'same') return true
  const now = (await finder.whole(name).catch(passDamage))?.fixture
  return now === undefined || isGood(now)
}

/** Takes others of the same call away. */
async function removeCopies(
  { driver, finder }: Pick<Parts, 'driver' | 'finder'>,
  { key, take }: Fixture,
  name: string,
): Promise<void> {
  for (const other of await finder.namesWith(key)) {
    if (other === name) continue
    const copy = await finder.sketch(other).catch(passDamage)
    if (copy?.key === key && takeOf(copy) === takeOf({ take })) await removeFixture(driver, other)
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
