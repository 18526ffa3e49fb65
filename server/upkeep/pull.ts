/** Copies what an engine has into a directory: a listing, and then what differs alone. */
import { hasFile } from '../store/layers/copies.ts'
import { type Entry, foundAt, wholeUnlessChanged } from '../store/driver.ts'
import {
  type Job,
  type Result,
  type Tally,
  createTally,
  forEach,
  inOrder,
  isFixture,
  leaving,
  listed,
} from './transfer.ts'

/**
 * Pulls. What was changed in the directory, or never came from there, is not written over unless that is meant. Whenever
 * it is interrupted, each file is whole, and the next time goes on.
 *
 * @throws StoreError; what the system says where a file cannot be written
 */
export async function pull(job: Job): Promise<Result> {
  const { engine, copies, dryRun, prune, signal } = job
  if (!dryRun) await copies.prepare()
  const all = await listed(engine)
  // The index is for replay without the engine.
  if (!dryRun) await copies.hear(all)
  const tally = createTally()
  const parts = inOrder(all)
  const bar = job.progress(parts.flat().length, 'files')
  try {
    for (const part of parts) {
      await forEach(part, signal, async (entry) => {
        await pullOne(job, entry, tally)
        bar.step()
      })
    }
  } finally {
    bar.stop()
  }
  const fixtures = all.map(({ name }) => name).filter(isFixture)
  if (prune && !signal.aborted) await removeOthers(job, new Set(fixtures), tally)
  return tally.result(fixtures.length, signal.aborted)
}

/** In a directory, what stands beside a fixture may have the name of that, and nothing that says which it is. */
const namesHere = (name: string): readonly string[] => [
  ...new Set([name, name.replace(/\.[0-9a-f]{12}\.bin$/, '.bin')]),
]

async function pullOne(job: Job, { name, version }: Entry, tally: Tally): Promise<void> {
  const { engine, copies, dryRun, force } = job
  if (!hasFile(name)) return tally.left(name, NO_FILE)
  for (const each of namesHere(name)) if ((await copies.intact(each))?.version === version) return
  if (dryRun) return tally.moved(name)
  const got = await foundAt(engine, name)
  if (!got) return
  const bytes = await wholeUnlessChanged(got)
  if (!bytes) return tally.left(name, 'it was written anew there at this moment. Pull again.')
  for (const each of namesHere(name)) if (await copies.match(each, got.version, bytes)) return
  if (!force && !(await copies.intact(name)) && (await copies.read(name))) {
    return tally.left(name, 'there is another one here, which did not come from there. --force writes over it.')
  }
  await copies.keep(name, got.version, bytes)
  tally.moved(name, bytes.length)
}

const NO_FILE = 'a directory cannot have a file of this name. Record it again, or copy it there under another one.'

async function removeOthers(
  { engine, directory, copies, dryRun, signal }: Job,
  stays: ReadonlySet<string>,
  tally: Tally,
): Promise<void> {
  await forEach(leaving(await listed(directory), stays, engine.place), signal, async ({ name }) => {
    tally.removed(name)
    if (dryRun) return
    await copies.drop(name)
    await directory.remove(name)
  })
}
