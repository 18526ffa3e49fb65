/** Rules put onto fixtures that were recorded without them: what changes, and what becomes of conversations. Pure. */
import type { Ending } from '../api/ending.ts'
import { responseIdOf } from '../api/responses/events.ts'
import { DeltatapeError } from '../base/errors.ts'
import type { Progress } from './refresh.ts'
import { parseFixture } from '../fixture/file.ts'
import { type Fixture, type FixtureHeader, isGood } from '../fixture/fixture.ts'
import { fileName, identify, keyFor } from '../fixture/key.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Store } from '../store/store.ts'

/** A fixture as it would have been recorded with the rules of now. */
export interface Redone {
  readonly fixture: Fixture
  /** Whether it is another than before. */
  readonly changed: boolean
  /** What was redacted, by kind. */
  readonly kinds: ReadonlySet<string>
}

/** @param previousKey the key that the fixture which this one continues has now */
export function redactAgain(fixture: Fixture, redactor: Redactor, previousKey: string | undefined): Redone {
  const kinds = new Set<string>()
  const found = (kind: string) => void kinds.add(kind)
  const { request } = identify(fixture.request, {
    ...redactor,
    json: (text) => redactor.json(text, found),
  })
  const events = redactor.events(fixture.events, found)
  const ending = redactEnding(fixture.ending, redactor, found)
  const key = keyFor(request, previousKey)
  const responseId = fixture.responseId === undefined ? undefined : responseIdOf(events)
  return {
    fixture: {
      ...fixture,
      key,
      request,
      ...(previousKey === undefined ? {} : { previousKey }),
      ...(responseId === undefined ? {} : { responseId }),
      events,
      ending,
    },
    changed: key !== fixture.key || kinds.size > 0,
    kinds,
  }
}

function redactEnding(ending: Ending, redactor: Redactor, found: (kind: string) => void): Ending {
  switch (ending.end) {
    case 'complete':
      return ending
    case 'refused': {
      const headers = Object.entries(ending.headers).map(
        ([name, value]) => [name, redactor.text(value, found)] as const,
      )
      return { ...ending, headers: Object.fromEntries(headers), body: redactor.body(ending.body, found) }
    }
    case 'malformed':
      return { ...ending, text: redactor.body(ending.text, found) }
    default:
      return ending.why === undefined ? ending : { ...ending, why: redactor.text(ending.why, found) }
  }
}

/** Fixtures in an order in which each comes behind the one that it continues. */
export function parentsFirst<T extends FixtureHeader>(fixtures: readonly T[]): T[] {
  const byKey = new Map(fixtures.map((fixture) => [fixture.key, fixture]))
  const ordered = new Set<T>()
  for (const fixture of fixtures) {
    const line: T[] = []
    for (
      let at: T | undefined = fixture;
      at && !ordered.has(at) && !line.includes(at);
      at = at.previousKey === undefined ? undefined : byKey.get(at.previousKey)
    ) {
      line.push(at)
    }
    for (const each of line.toReversed()) ordered.add(each)
  }
  return [...ordered]
}

/** What is to become of one file. */
export interface Planned {
  readonly name: string
  /** The name that it gets. */
  readonly next: string
  /** The key that it gets. */
  readonly key: string
  readonly changed: boolean
  readonly kinds: ReadonlySet<string>
  /** The key of what it continues then. */
  readonly previousKey: string | undefined
  /** Whether its model finished. */
  readonly good: boolean
  /** When it was recorded. */
  readonly at: string
}

/** Files whose requests are one and the same without what was redacted. One answer can be replayed. */
export interface Merged {
  readonly kept: Planned
  /** These go: a failed answer before a finished one, and of two alike the older. */
  readonly dropped: readonly Planned[]
}

/** Finds the files that become one. What is one already, and does not change, is left as it is. */
export function mergesIn(plan: readonly Planned[]): Merged[] {
  return [...Map.groupBy(plan, ({ key }) => key).values()].flatMap((same) => {
    if (same.length < 2 || !same.some(({ changed }) => changed)) return []
    const [kept, ...dropped] = same.toSorted(
      (a, b) => Number(b.good) - Number(a.good) || b.at.localeCompare(a.at) || a.name.localeCompare(b.name),
    )
    return kept ? [{ kept, dropped }] : []
  })
}

export async function planFor(
  store: Store,
  redactor: Redactor,
  terminal: Progress,
): Promise<{ plan: Planned[]; damaged: string[] }> {
  const { candidates, damaged: unreadable } = await store.survey()
  const damaged = [...unreadable]
  const plan: Planned[] = []
  const keys = new Map<string, string>()
  const bar = terminal.progress(candidates.length, 'fixtures')
  try {
    for (const { name } of parentsFirst(candidates)) {
      bar.step()
      try {
        const fixture = parseFixture(await store.text(name), name)
        const previousKey = keys.get(fixture.previousKey ?? '') ?? fixture.previousKey
        const { fixture: next, changed, kinds } = redactAgain(fixture, redactor, previousKey)
        keys.set(fixture.key, next.key)
        const [good, at] = [isGood(fixture), fixture.recorded.at]
        plan.push({ name, next: changed ? fileName(next) : name, key: next.key, changed, kinds, previousKey, good, at })
      } catch (error) {
        if (!(error instanceof DeltatapeError)) throw error
        damaged.push(name)
      }
    }
  } finally {
    bar.stop()
  }
  return { plan, damaged: damaged.toSorted() }
}

interface Application {
  readonly plan: readonly Planned[]
  readonly merges: readonly Merged[]
  readonly redactor: Redactor
  readonly signal: AbortSignal
}

/**
 * Changes the files, continuations before what they continue: when it is interrupted, those that are changed name the
 * keys that the others are going to have, and the next time brings the rest.
 */
export async function applyTo(store: Store, { plan, merges, redactor, signal }: Application): Promise<void> {
  const keptFor = new Map(merges.flatMap(({ kept, dropped }) => dropped.map((each) => [each.name, kept] as const)))
  const dropped = plan.filter(({ name }) => keptFor.has(name))
  for (const { name, changed, previousKey } of plan.toReversed()) {
    if (!changed || keptFor.has(name)) continue
    if (signal.aborted) {
      throw new DeltatapeError('cancelled', 'Interrupted: some fixtures are changed, and none is lost. Run it again.')
    }
    const fixture = parseFixture(await store.text(name), name)
    await store.replace(name, redactAgain(fixture, redactor, previousKey).fixture)
  }
  // Last, when what is kept in their place is there. Its file may have the name of one that goes.
  const there = new Set(plan.filter(({ name }) => !keptFor.has(name)).map(({ next }) => next))
  for (const { name } of dropped) if (!there.has(name)) await store.remove(name)
}
