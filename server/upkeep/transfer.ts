/** What is common to moving fixtures between an engine and a directory, whichever way: what there is, and what became of it. */
import { DeltatapeError } from '../base/errors.ts'
import type { Copies } from '../store/layers/copies.ts'
import type { Driver, Entry } from '../store/driver.ts'
import type { Progress } from './progress.ts'

export interface Job extends Progress {
  readonly engine: Driver
  readonly directory: Driver
  /** What the directory is known to hold of the engine. */
  readonly copies: Copies
  /** Whether nothing is to be changed. */
  readonly dryRun: boolean
  /** Whether what differs is written over, be it that nobody has seen it. */
  readonly force: boolean
  /** Whether what the other side has not is taken away. */
  readonly prune: boolean
  readonly signal: AbortSignal
}

/** What was not moved, and why. */
export interface Left {
  readonly name: string
  readonly why: string
}

export interface Result {
  /** How many fixtures were looked at. */
  readonly fixtures: number
  /** The names of what was moved, or would be: fixtures, and what stands beside them. */
  readonly moved: readonly string[]
  /** Those that have another name on the other side: the one that follows from their call. */
  readonly renamed: readonly { readonly name: string; readonly as: string }[]
  readonly removed: readonly string[]
  readonly left: readonly Left[]
  /** How many bytes were moved. */
  readonly bytes: number
  /** Whether it was ended before it had looked at all. */
  readonly interrupted: boolean
}

export type Tally = ReturnType<typeof createTally>

/** Gathers what becomes of each. */
export function createTally() {
  const moved: string[] = []
  const renamed: { name: string; as: string }[] = []
  const removed: string[] = []
  const left: Left[] = []
  let bytes = 0
  return {
    moved(name: string, count = 0): void {
      moved.push(name)
      bytes += count
    },
    renamed: (name: string, as: string) => void renamed.push({ name, as }),
    removed: (name: string) => void removed.push(name),
    left: (name: string, why: string) => void left.push({ name, why }),
    result(fixtures: number, interrupted: boolean): Result {
      const byName = (a: Left, b: Left) => (a.name < b.name ? -1 : 1)
      return {
        fixtures,
        moved: moved.toSorted(),
        renamed: renamed.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        removed: removed.toSorted(),
        left: left.toSorted(byName),
        bytes,
        interrupted,
      }
    },
  }
}

/** The index of an engine names fixtures, too, in names that begin with a dot. */
export const isFixture = (name: string): boolean => name.endsWith('.jsonl') && !name.startsWith('.')

const isBeside = (name: string): boolean => name.endsWith('.bin')

/** The fixture that something stands beside, or would. */
const fixtureOf = (name: string): string => name.replace(/(?:\.[0-9a-f]{12})?\.bin$/, '.jsonl')

/**
 * All that a place has.
 *
 * @param after a name behind which it begins
 * @throws DeltatapeError where a part of it could not be listed: nobody knows what is in there
 */
export async function listed(driver: Driver, after?: string): Promise<Entry[]> {
  const all: Entry[] = []
  for await (const { entries, unknown } of driver.list('', after)) {
    if (unknown?.[0]) throw unknown[0]
    for (const entry of entries) all.push(entry)
  }
  return all
}

/** What of some names is moved: what stands beside fixtures first, so that no fixture is without it. */
export const inOrder = (entries: readonly Entry[]): readonly (readonly Entry[])[] => [
  entries.filter(({ name }) => isBeside(name) && !name.startsWith('.')),
  entries.filter(({ name }) => isFixture(name)),
]

/** How many are under way at once. */
const LANES = 32

/** Does work on each, some at a time. After Ctrl-C, or where something fails, what is under way comes to its end, and no more is begun. */
export async function forEach<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const failed: unknown[] = []
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      if (signal.aborted || failed.length > 0) return
      await work(item).catch((error: unknown) => void failed.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(LANES, items.length) }, lane))
  if (failed.length > 0) throw failed[0]
}

/**
 * What of one side goes because the other has it not: fixtures, and what would stand beside none.
 *
 * @param stays the names of the fixtures that stay, whatever there is
 * @param from the other side, as people call it
 * @throws DeltatapeError `not_found` where that has no fixture at all: it is rather another place that was meant
 */
export function leaving(here: readonly Entry[], stays: ReadonlySet<string>, from: string): readonly Entry[] {
  if (stays.size === 0) {
    const message = `There are no fixtures in ${from}: nothing was taken away. Name the place that holds the fixtures.`
    throw new DeltatapeError('not_found', message)
  }
  return inOrder(here)
    .flat()
    .filter(({ name }) => !stays.has(isBeside(name) ? fixtureOf(name) : name))
}
