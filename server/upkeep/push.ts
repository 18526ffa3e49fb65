/** Copies the fixtures of a directory to an engine: a listing of both, and then what differs alone. */
import { isDamage } from '../fixture/damage.ts'
import { besideOf, sha256Of } from '../fixture/beside.ts'
import { parseFixture } from '../fixture/file.ts'
import { type Fixture, isGood } from '../fixture/fixture.ts'
import { fileName } from '../fixture/key.ts'
import { besideName, besideOwnName, readBeside } from '../store/read/beside.ts'
import { type Driver, type Expected, type Found, foundAt, wholeOf, wholeUnlessChanged } from '../store/driver.ts'
import { removeIndex, writeIndex } from '../store/conversation/indexed.ts'
import { AFTER_INDEX } from '../store/find/names.ts'
import { type Job, type Result, type Tally, createTally, forEach, isFixture, leaving, listed } from './transfer.ts'

/**
 * Pushes. What is damaged stays here; a failure never takes the place of a good answer, and nothing that of what was
 * changed there since it was seen, unless that is meant. A fixture has the name there that follows from its call.
 *
 * @throws StoreError; `fixture_invalid` where the directory cannot be read
 */
export async function push(job: Job): Promise<Result> {
  const { engine, directory, prune, signal } = job
  const [here, there] = [await listed(directory), await listed(engine, AFTER_INDEX)]
  const names = here.map(({ name }) => name).filter(isFixture)
  const tally = createTally()
  const pushOne = createPush(job, new Map(there.map(({ name, version }) => [name, version])), tally)
  const bar = job.progress(names.length, 'fixtures')
  try {
    // Of copies of one call the one goes first whose name may be the right one.
    for (const part of [names.filter((name) => !name.includes('/')), names.filter((name) => name.includes('/'))]) {
      await forEach(part, signal, async (name) => {
        await pushOne.take(name)
        bar.step()
      })
    }
  } finally {
    bar.stop()
  }
  if (prune && !signal.aborted && !pushOne.isInDoubt()) {
    const others = leaving(there, new Set([...names, ...pushOne.taken.keys()]), directory.place)
    await forEach(others, signal, ({ name, version }) => removeOne(job, name, version, tally))
  }
  return tally.result(names.length, signal.aborted)
}

/** Takes a fixture away there, or what stands beside none, and what the index says of it. */
async function removeOne(job: Job, name: string, version: string | undefined, tally: Tally): Promise<void> {
  const { engine, dryRun } = job
  if (dryRun) return tally.removed(name)
  const gone = isFixture(name) ? await readOwn(engine, name).catch(passDamage()) : undefined
  if (!(await engine.remove(name, version))) return tally.left(name, 'it was written there at this moment, and stays.')
  if (gone) await removeIndex(engine, { ...gone.fixture, name })
  tally.removed(name)
}

const WRITTEN = 'somebody else wrote it there at this moment. Push again.'

/** A fixture of the directory that is to be pushed. */
interface Own {
  readonly name: string
  /** The name there. */
  readonly as: string
  readonly bytes: Buffer
  readonly fixture: Fixture
}

function createPush(job: Job, there: ReadonlyMap<string, string | undefined>, tally: Tally) {
  const { engine, directory, copies, prune } = job
  const write = createWrite(job, there, tally)
  /** By the names there, the names here. */
  const taken = new Map<string, string>()
  let isInDoubt = false
  /** What cannot be read may be any of those there: people rename files. */
  const leave = (name: string) => (why: string) => {
    const isUnknown = prune && !there.has(name)
    isInDoubt ||= isUnknown
    tally.left(name, isUnknown ? `${why} It may be one of those there, so none was taken away.` : why)
  }
  const take = async (name: string): Promise<void> => {
    const seen = await copies.intact(name)
    if (seen && there.get(name) === seen.version) return void taken.set(name, name)
    const own = await readOwn(directory, name).catch(passDamage(leave(name)))
    if (!own) return
    const other = taken.get(own.as)
    if (other !== undefined) return tally.left(name, `it is of the same call as ${other}, which is there as ${own.as}.`)
    taken.set(own.as, name)
    if (seen && there.get(own.as) === seen.version) return
    const found = there.has(own.as) ? await foundAt(engine, own.as) : undefined
    await (found ? write.over(own, found) : write.anew(own, 'absent'))
  }
  return { take, taken, isInDoubt: () => isInDoubt }
}

function createWrite(job: Job, there: ReadonlyMap<string, string | undefined>, tally: Tally) {
  const { engine, copies, dryRun, force } = job
  const writeBeside = async ({ name, as, fixture }: Own): Promise<void> => {
    const beside = besideOf(fixture)
    const besideAs = beside && besideOwnName(as, sha256Of(beside))
    if (!beside || besideAs === undefined || there.has(besideAs)) return
    const version = await engine.put(besideAs, beside)
    tally.moved(besideAs, beside.length)
    for (const each of [besideName(name), besideAs]) if (await copies.match(each, version, beside)) return
  }
  /** @param before what it stands in the place of */
  const anew = async (own: Own, expected: Expected, before?: Fixture): Promise<void> => {
    const { name, as, bytes, fixture } = own
    if (!dryRun) {
      await writeBeside(own)
      await writeIndex(engine, fixture, as)
      const version = await engine.putIf(as, bytes, expected)
      if (version === undefined) return tally.left(name, WRITTEN)
      if (before) await removeIndex(engine, { ...before, name: as }, fixture)
      await copies.match(name, version, bytes)
    }
    tally.moved(as, bytes.length)
    if (as !== name) tally.renamed(name, as)
  }
  return {
    anew,
    async over(own: Own, got: Found): Promise<void> {
      const { name, as, bytes, fixture } = own
      const whole = await wholeUnlessChanged(got)
      if (!whole) return tally.left(name, WRITTEN)
      if (whole.equals(bytes)) {
        // Other programs may have brought it, which know nothing of the index.
        if (!dryRun) await writeIndex(engine, fixture, as)
        return void (await copies.match(name, got.version, bytes))
      }
      const before = await fixtureFrom(engine, as, whole).catch(passDamage())
      if (before && isGood(before) && !isGood(fixture))
        return tally.left(name, 'it is a failure, and a good answer is there.')
      const seen = await copies.noted(name)
      if (seen?.version !== got.version && !force) {
        return tally.left(name, 'another one is there, which was never pulled. --force writes over it.')
      }
      await anew(own, { version: got.version }, before)
    },
  }
}

async function readOwn(directory: Driver, name: string): Promise<Own | undefined> {
  const bytes = await bytesAt(directory, name)
  if (!bytes) return undefined
  const fixture = await fixtureFrom(directory, name, bytes)
  return { name, as: fileName(fixture), bytes, fixture }
}

async function bytesAt(driver: Driver, name: string): Promise<Buffer | undefined> {
  const found = await foundAt(driver, name)
  return found && wholeOf(found)
}

/** The fixture that some bytes are. Throws `fixture_invalid` where it is damaged. */
async function fixtureFrom(driver: Driver, name: string, bytes: Buffer): Promise<Fixture> {
  const text = bytes.toString('utf8')
  return parseFixture(text, name, await readBeside(driver, name, text))
}

/** @param tell hears what is wrong */
const passDamage =
  (tell: (why: string) => void = () => {}) =>
  (error: unknown): undefined => {
    if (!isDamage(error)) throw error
    tell(error.message)
  }
