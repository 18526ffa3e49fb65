/** Rules of redaction and of `match` put onto all fixtures: what changes, which become one, and what becomes of conversations. */
import { posix } from 'node:path'
import { DeltatapeError } from '../base/errors.ts'
import { passDamage } from '../fixture/damage.ts'
import { type FixtureHeader, continuedBy, isGood } from '../fixture/fixture.ts'
import { fileName, keyOf } from '../fixture/key.ts'
import type { Match } from '../fixture/match.ts'
import { takeOf } from '../fixture/take.ts'
import type { Redactor } from '../redact/redactor.ts'
import { ahead } from '../store/ahead.ts'
import type { Stamp, Store } from '../store/store.ts'
import type { Progress } from './progress.ts'
import { type RulesOfNow, redactWhole } from './redone.ts'

/** Fixtures in an order in which each comes after the one that it continues. */
export function parentsFirst<T extends FixtureHeader>(fixtures: readonly T[]): T[] {
  const byKey = new Map(fixtures.map((fixture) => [fixture.key, fixture]))
  const ordered = new Set<T>()
  for (const fixture of fixtures) {
    const line: T[] = []
    for (
      let at: T | undefined = fixture;
      at && !ordered.has(at) && !line.includes(at);
      at = byKey.get(continuedBy(at) ?? '')
    ) {
      line.push(at)
    }
    for (const each of line.toReversed()) ordered.add(each)
  }
  return [...ordered]
}

/** What is to become of one file. */
export interface Rewrite {
  readonly name: string
  /** The name that it gets. */
  readonly next: string
  /** The key that it gets, and the one that it has. */
  readonly key: string
  readonly was: string
  /** Which take it is. */
  readonly take: number
  readonly changed: boolean
  readonly kinds: ReadonlySet<string>
  /** The key that what it continues gets. */
  readonly previousKey: string | undefined
  /** Which request it is without the rules of `match`. */
  readonly asks: string
  /** Whether its model finished. */
  readonly good: boolean
  /** When it was recorded. */
  readonly at: string
  /** What the file held. */
  readonly stamp: Stamp
}

/** A file that the rules would take apart, and how. */
export interface Refused {
  readonly name: string
  readonly why: string
}

/** Files whose requests are the same without what was redacted. Only one answer can be replayed. */
export interface Merged {
  readonly kept: Rewrite
  /** These go: a failed answer rather than a finished one, and of two alike the older. */
  readonly dropped: readonly Rewrite[]
}

/** The files that rules of `match` would make one, though their requests differ: only one of them could be replayed. */
export const madeOne = (plan: readonly Rewrite[]): (readonly Rewrite[])[] =>
  [...Map.groupBy(plan, ({ key }) => key).values()].filter(
    (same) =>
      same.some(({ changed }) => changed) &&
      new Set(same.map(({ asks }) => asks)).size > 1 &&
      new Set(same.map(({ was }) => was)).size > 1,
  )

/**
 * Finds the files that become one. Files that have the same key already, and do not change, are left as they are. Of calls
 * that become one the takes of one are kept, as they were in a row.
 */
export function mergesIn(plan: readonly Rewrite[]): Merged[] {
  return [...Map.groupBy(plan, ({ key }) => key).values()].flatMap((same) => {
    if (same.length < 2 || !same.some(({ changed }) => changed)) return []
    const ranked = same.toSorted(
      (a, b) =>
        a.take - b.take || Number(b.good) - Number(a.good) || b.at.localeCompare(a.at) || a.name.localeCompare(b.name),
    )
    const [first] = ranked
    const row = ranked.filter(({ was }) => was === first?.was)
    const kept = new Map<number, Rewrite>()
    for (const each of row) if (!kept.has(each.take)) kept.set(each.take, each)
    const gone = ranked.filter((each) => kept.get(each.take) !== each)
    const inPlaceOf = ({ take }: Rewrite) => kept.get(take) ?? first
    return [...kept.values()].flatMap((each) => {
      const dropped = gone.filter((other) => inPlaceOf(other) === each)
      return dropped.length > 0 ? [{ kept: each, dropped }] : []
    })
  })
}

/**
 * What is to become of each file, which ones cannot be redacted, and the names of the damaged ones, of which nothing can be
 * said.
 */
export async function planFor(
  store: Store,
  redactor: Redactor,
  terminal: Progress,
  match?: Match,
): Promise<{ plan: Rewrite[]; refused: Refused[]; damaged: string[] }> {
  const { candidates, damaged: unreadable } = await store.survey()
  const damaged = [...unreadable]
  const refused: Refused[] = []
  const plan: Rewrite[] = []
  const keys = new Map<string, string>()
  const bar = terminal.progress(candidates.length, 'fixtures')
  try {
    const look = async ({ name }: Pick<Rewrite, 'name'>) => ({
      name,
      // Before it is read: what is written in between has another.
      stamp: await store.stamp(name),
      fixture: await store.read(name).catch(passDamage),
    })
    for await (const { name, stamp, fixture } of ahead(parentsFirst(candidates), look)) {
      bar.step()
      if (!fixture) {
        damaged.push(name)
        continue
      }
      const before = continuedBy(fixture)
      const previousKey = keys.get(before ?? '') ?? before
      const redone = await redactWhole(fixture, { redactor, match }, previousKey)
      if ('why' in redone) {
        refused.push({ name, why: redone.why })
        continue
      }
      const { fixture: next, changed, kinds } = redone
      const asks = next.matched ? keyOf({ ...next, matched: undefined }) : next.key
      keys.set(fixture.key, next.key)
      const [good, at] = [isGood(fixture), fixture.recorded.at]
      const nextName = changed ? posix.join(posix.dirname(name), fileName(next)) : name
      plan.push({
        name,
        next: nextName,
        key: next.key,
        was: fixture.key,
        take: takeOf(fixture),
        changed,
        kinds,
        previousKey,
        asks,
        good,
        at,
        stamp,
      })
    }
  } finally {
    bar.stop()
  }
  return { plan, refused, damaged: damaged.toSorted() }
}

interface Application extends RulesOfNow {
  readonly plan: readonly Rewrite[]
  readonly merges: readonly Merged[]
  readonly signal: AbortSignal
}

/**
 * Changes the files, continuations before what they continue. If it is interrupted, the changed ones name the keys that
 * the others are going to have, and the next run changes those.
 *
 * @returns the names of the files that were not as they were planned any more, and are as they were found
 * @throws DeltatapeError `cancelled`
 */
export async function applyTo(store: Store, { plan, merges, signal, ...rules }: Application): Promise<string[]> {
  const stamps = new Map(plan.map(({ name, stamp }) => [name, stamp]))
  const left = new Set<string>()
  const keptFor = new Map(merges.flatMap(({ kept, dropped }) => dropped.map((each) => [each.name, kept] as const)))
  const dropped = plan.filter(({ name }) => keptFor.has(name))
  for (const { name, next, changed, previousKey, stamp } of plan.toReversed()) {
    if (!changed || keptFor.has(name)) continue
    if (signal.aborted) {
      throw new DeltatapeError('cancelled', 'Interrupted: some fixtures are changed, and none is lost. Run it again.')
    }
    const fixture = await store.read(name).catch(passDamage)
    const redone = fixture && (await redactWhole(fixture, rules, previousKey))
    const isDone = redone && 'fixture' in redone && (await store.replace(name, redone.fixture, stamp, stamps.get(next)))
    if (!isDone) left.add(name)
  }
  // Last, after what is kept in their place is there. Its file may have the name of one that goes.
  const there = new Set(plan.filter(({ name }) => !keptFor.has(name)).map(({ next }) => next))
  for (const { name, stamp } of dropped) {
    if (there.has(name)) continue
    // Without what is kept in its place, it stays.
    const isKept = !left.has(keptFor.get(name)?.name ?? '')
    if (!isKept || !(await store.remove(name, stamp))) left.add(name)
  }
  return [...left].toSorted()
}
