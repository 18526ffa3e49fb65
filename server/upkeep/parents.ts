/** Which fixture another one continues, and whether it carries something of that answer. Pure. */
import { apiNamed } from '../api/index.ts'
import { type FixtureHeader, continuedBy } from '../fixture/fixture.ts'
import { takeOf } from '../fixture/take.ts'
import { carriedBy } from '../fixture/thread.ts'

/** Makes what finds the fixture that one continues: of several takes the one whose answer it names or carries, or else the first. */
export function parentsIn<T extends FixtureHeader>(all: readonly T[]): (fixture: T) => T | undefined {
  const byKey = Map.groupBy(all, ({ key }) => key)
  return (fixture) => {
    const takes = byKey.get(continuedBy(fixture) ?? '') ?? []
    if (takes.length < 2) return takes[0]
    const api = apiNamed(fixture.api)
    const id = api.continues(fixture.request)
    const carried = new Set(fixture.follows === undefined ? [] : carriedBy(api, fixture))
    const isMeant = ({ responseId, knownBy = [] }: T) =>
      fixture.follows === undefined ? responseId === id : knownBy.some((mark) => carried.has(mark))
    return takes.find(isMeant) ?? takes.toSorted((a, b) => takeOf(a) - takeOf(b))[0]
  }
}

/**
 * Whether a request carries something of the answer that it continues, beside the id of that: the answer within, or the
 * ids of calls whose outputs it brings.
 */
export function carries(fixture: FixtureHeader, { knownBy = [] }: Pick<FixtureHeader, 'knownBy'>): boolean {
  if (fixture.follows !== undefined) return true
  if (fixture.previousKey === undefined || knownBy.length === 0) return false
  const given = new Set(knownBy)
  return carriedBy(apiNamed(fixture.api), fixture).some((mark) => given.has(mark))
}
