/** Rules put onto fixtures that were recorded without them: what changes, and what becomes of conversations. Pure. */
import { responseIdOf, type Fixture, type FixtureHeader } from './fixture.ts'
import { identify, keyFor } from './identity.ts'
import type { Ending } from './model/model.ts'
import type { Redactor } from './redact.ts'

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
