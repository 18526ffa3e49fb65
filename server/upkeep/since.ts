/** What became of all fixtures since a revision of git. */
import { type Comparison, compare } from '../fixture/compare.ts'
import { isDamage } from '../fixture/damage.ts'
import { ahead } from '../store/ahead.ts'
import { committedIn, isIdOf, readCommitted } from '../store/committed.ts'
import { type Picked, pickAll, readFixture } from '../store/pick.ts'
import type { Store } from '../store/store.ts'

/** Two versions of a fixture. */
export interface Versions extends Comparison {
  readonly before: string
  readonly after: string
}

/** What became of a fixture: `same` is one that differs in ids and times alone, `untouched` one that is as it was to the byte. */
export type Since =
  | { readonly outcome: 'untouched' | 'same' | 'new' | 'gone'; readonly name: string }
  | { readonly outcome: 'changed'; readonly name: string; readonly versions: Versions }
  | { readonly outcome: 'damaged'; readonly name: string; readonly why: string }

/**
 * Compares all fixtures with what a revision has of them, in the order of their names; those that are gone come last.
 *
 * @throws DeltatapeError `not_found` if git cannot tell, or the fixtures are on an engine; `fixtures_unusable`
 */
export async function* changedSince(store: Store, revision: string): AsyncGenerator<Since> {
  const files = await pickAll(store, [])
  const ids = await committedIn(store.dir ?? store.place, revision)
  yield* ahead(files, (file) => became(file, ids.get(file.name), revision))
  const here = new Set(files.map(({ name }) => name))
  for (const name of ids.keys()) if (name.endsWith('.jsonl') && !here.has(name)) yield { outcome: 'gone', name }
}

async function became(file: Picked, id: string | undefined, revision: string): Promise<Since> {
  const { name } = file
  if (id === undefined) return { outcome: 'new', name }
  try {
    if (isIdOf(id, await file.text())) return { outcome: 'untouched', name }
    const [before, after] = [await readCommitted(file, revision), await readFixture(file)]
    const comparison = compare(before, after)
    if (comparison.same) return { outcome: 'same', name }
    return { outcome: 'changed', name, versions: { before: before.name, after: after.name, ...comparison } }
  } catch (error) {
    if (!isDamage(error)) throw error
    return { outcome: 'damaged', name, why: error.message }
  }
}
