/** Which fixtures no run used. */
import { readFile } from 'node:fs/promises'
import { deltatape, marked } from '../base/command-line.ts'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { memberOf } from '../base/json.ts'
import type { Candidate } from '../fixture/fixture.ts'
import { fileName } from '../fixture/key.ts'
import { inputOf, likeness } from '../fixture/likeness.ts'
import { takeOf } from '../fixture/take.ts'
import type { Store } from '../store/store.ts'
import { type Missed, type Usage, membersOf, parseUsage, unusable } from '../store/usage.ts'
import { linked } from './holders.ts'
import { parentsIn } from './parents.ts'

/**
 * The fixtures that no run used, by the logs that the runs wrote, and the names of damaged ones, of which nothing is
 * known.
 *
 * @throws DeltatapeError `usage_unusable` or `fixtures_unusable`
 */
export async function gatherUnused(store: Store, files: readonly string[]): Promise<Gathered> {
  await store.check({ write: false })
  const logs = await Promise.all(files.map(async (file) => parseUsage(await readLog(file), file)))
  const used = new Set(logs.flatMap((log) => [...log.used]))
  const missed = logs.flatMap((log) => log.missed)
  const { candidates, damaged } = await store.survey()
  return { unused: findUnused({ used, missed }, linked(candidates)), damaged }
}

/** What no run used. */
export interface Gathered {
  readonly unused: readonly Unused[]
  /** The names of damaged ones, of which nothing is known. */
  readonly damaged: readonly string[]
}

/**
 * The same of one run that is over, and closes the store. A run that asked for no fixture used none, log or not.
 *
 * @throws DeltatapeError `fixtures_unusable`
 */
export async function unusedBy(store: Store, file: string): Promise<Gathered> {
  try {
    return await gatherUnused(store, [file])
  } catch (error) {
    if (!(error instanceof DeltatapeError && error.code === 'usage_unusable')) throw error
    return { unused: (await store.list()).map((name) => ({ name })), damaged: [] }
  } finally {
    await store.close()
  }
}

async function readLog(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const why = systemCode(cause)
    if (why === undefined) throw cause
    const message = `The usage log ${JSON.stringify(file)} cannot be read: ${why}. A server writes it with USAGE_LOG=${file}.`
    throw new DeltatapeError('usage_unusable', message, { cause })
  }
}

/** Says which files could not be looked into. */
export const describeDamaged = (damaged: readonly string[], flags: readonly string[]): string =>
  `Damaged, and left alone: ${damaged.join(', ')}. ${marked(deltatape('verify', ...flags))} says what is wrong.`

/** Says which files are not as they were shown any more. */
export const describeChanged = (changed: readonly string[]): string =>
  `Changed since they were looked at, and left alone: ${changed.join(', ')}. Run it again to see how they are now.`

/** A fixture that was not used. */
export interface Unused {
  readonly name: string
  /** A call that had no fixture, and differs from this one in a single member. */
  readonly rename?: { readonly member: string; readonly missed: string }
}

/**
 * The fixtures that were not used. If a used one continues another, that counts as used, too: without it the
 * conversation could not be found, or recorded again.
 *
 * @throws DeltatapeError `usage_unusable` if the runs used nothing that is here
 */
export function findUnused({ used, missed }: Usage, fixtures: readonly Candidate[]): Unused[] {
  const needed = neededFor(used, fixtures)
  if (needed.size === 0 && fixtures.length > 0) {
    throw unusable(
      used.size === 0 ? 'It says that no fixture was used' : 'None of the fixtures that it says were used is here',
    )
  }
  const unused = fixtures.filter(({ name }) => !needed.has(name))
  const distinct = [...new Map(missed.map((miss) => [miss.missed, miss])).values()]
  const { recordedSince, renames } = compare(unused, distinct)
  return unused.flatMap(({ name }): Unused[] => {
    if (recordedSince.has(name)) return []
    const rename = renames.get(name)
    return [rename === undefined ? { name } : { name, rename }]
  })
}

/** The names of what was used, of what that continues, and of the takes before it, without which replay would give others. */
function neededFor(used: ReadonlySet<string>, fixtures: readonly Candidate[]): ReadonlySet<string> {
  const parentOf = parentsIn(fixtures)
  const byKey = Map.groupBy(fixtures, ({ key }) => key)
  const needed = new Set<string>()
  const here = new Set(fixtures.map(({ name }) => name))
  // What was not saved has the name that it would have had: the file of its call may have another, or stand in a folder.
  const isUsed = (fixture: Candidate) =>
    used.has(fixture.name) || (!here.has(fileName(fixture)) && used.has(fileName(fixture)))
  for (const fixture of fixtures) {
    if (!isUsed(fixture)) continue
    for (let at: Candidate | undefined = fixture; at && !needed.has(at.name); at = parentOf(at)) {
      for (const take of byKey.get(at.key) ?? []) if (takeOf(take) < takeOf(at)) needed.add(take.name)
      needed.add(at.name)
    }
  }
  return needed
}

/** Inputs that are less alike are two questions, not one that was put in other words. */
const MIN_LIKENESS = 0.5

/** Compares what was not used with what was missed. */
function compare(unused: readonly Candidate[], missed: readonly Missed[]) {
  const recordedSince = new Set<string>()
  const pairs: { name: string; member: string; miss: Missed; alike: number }[] = []
  for (const fixture of unused) {
    const members = membersOf(fixture)
    for (const miss of missed) {
      const [member, ...more] = differing(members, miss.members)
      if (member === undefined) recordedSince.add(fixture.name)
      if (member === undefined || more.length > 0) continue
      const alike = member === 'input' ? likeness(inputOf(fixture), miss.input) : 1
      if (alike >= MIN_LIKENESS) pairs.push({ name: fixture.name, member, miss, alike })
    }
  }
  // The most alike are paired first. A call that was made in place of one fixture was not made in place of another.
  const renames = new Map<string, { member: string; missed: string }>()
  const taken = new Set<Missed>()
  for (const { name, member, miss } of pairs.toSorted((x, y) => y.alike - x.alike)) {
    if (renames.has(name) || taken.has(miss)) continue
    renames.set(name, { member, missed: miss.missed })
    taken.add(miss)
  }
  return { recordedSince, renames }
}

function differing(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => memberOf(a, name) !== memberOf(b, name))
}

/** What is told of a fixture that was not used, after its name. */
export const describeUnused = ({ rename }: Unused): string =>
  rename === undefined
    ? 'was not used'
    : `was not used, and a request that differs from it in \`${rename.member}\` alone had no fixture: record it again or rename (it would be ${rename.missed})`
