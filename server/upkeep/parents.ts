/** Which fixture another one continues. Pure. */
import { apiNamed } from '../api/index.ts'
import type { FixtureHeader } from '../fixture/fixture.ts'
import { takeOf } from '../fixture/take.ts'

/** Makes what finds the fixture that one continues: of several takes the one whose answer it names, or else the first. */
export function parentsIn<T extends FixtureHeader>(all: readonly T[]): (fixture: T) => T | undefined {
  const byKey = Map.groupBy(all, ({ key }) => key)
  return ({ api, request, previousKey }) => {
    const takes = previousKey === undefined ? [] : (byKey.get(previousKey) ?? [])
    if (takes.length < 2) return takes[0]
    const id = apiNamed(api).continues(request)
    return takes.find(({ responseId }) => responseId === id) ?? takes.toSorted((a, b) => takeOf(a) - takeOf(b))[0]
  }
}
