/** What is known of the answers of APIs, by the fixtures that there are. */
import { apiNamed } from '../api/index.ts'
import { type Candidate, type Fixture, eventsOf, isGood } from '../fixture/fixture.ts'
import { type Known, comparable } from './drift.ts'
import { type Outline, addAnswer, emptyOutline, typesWithin } from './outline.ts'

export interface Lore {
  /** Takes what a fixture shows. */
  add(fixture: Fixture): void
  /** What is known of the answers to calls such as that of a fixture. */
  of(fixture: Pick<Candidate, 'api' | 'call' | 'response'>): Known
}

export function createLore(): Lore {
  const types = new Map<string, Set<string>>()
  const outlines = new Map<string, Outline>()
  return {
    add(fixture) {
      const { api } = fixture
      const known = types.get(api) ?? new Set()
      types.set(api, known)
      for (const type of typesWithin(eventsOf(fixture))) known.add(type)
      // What failed lacks what a good answer has.
      if (!isGood(fixture)) return
      const kind = kindOf(fixture)
      const outline = outlines.get(kind) ?? emptyOutline()
      outlines.set(kind, addAnswer(outline, comparable(fixture), apiNamed(api)))
    },
    of: (fixture) => ({
      row: apiNamed(fixture.api),
      types: types.get(fixture.api) ?? new Set(),
      outline: outlines.get(kindOf(fixture)),
    }),
  }
}

/** Calls of one kind are asked in one place, and answered in one framing. */
const kindOf = ({
  api,
  call: { method, path, host },
  response,
}: Pick<Candidate, 'api' | 'call' | 'response'>): string => JSON.stringify([api, host, method, path, response?.framing])
