/** Which fixture holds the answer that another one carries. Pure. */
import { apiNamed } from '../api/index.ts'
import { type Candidate, type FixtureHeader, continuedBy } from '../fixture/fixture.ts'
import { carriedBy, spaceOf } from '../fixture/thread.ts'

interface Holder<T> {
  readonly of: T
  readonly key: string
  readonly at: string
  readonly knownBy: readonly string[]
}

/** Something of the fixtures that hold answers, by the marks of these. */
export interface Holders<T> {
  add(of: T, header: FixtureHeader): void
  has(api: string, mark: string): boolean
  /** That of the fixture whose answer a request carries: of several the one it carries more of, and then the last before it. */
  of(header: Pick<FixtureHeader, 'api' | 'key' | 'recorded'>, carried: readonly string[]): T | undefined
}

export function createHolders<T>(): Holders<T> {
  const byMark = new Map<string, Holder<T>[]>()
  const markIn = (api: string, mark: string) => `${spaceOf(api)}\n${mark}`
  return {
    add(of, { api, key, recorded, knownBy = [] }) {
      const holder = { of, key, at: recorded.at, knownBy }
      for (const mark of knownBy) {
        const others = byMark.get(markIn(api, mark))
        if (others) others.push(holder)
        else byMark.set(markIn(api, mark), [holder])
      }
    },
    has: (api, mark) => byMark.has(markIn(api, mark)),
    of({ api, key, recorded }, carried) {
      const all = new Set(carried)
      const shared = ({ knownBy }: Holder<T>) => knownBy.filter((mark) => all.has(mark)).length
      for (const mark of carried) {
        const held = (byMark.get(markIn(api, mark)) ?? []).filter((each) => each.key !== key && each.at <= recorded.at)
        const [best] = held.toSorted((a, b) => shared(b) - shared(a) || b.at.localeCompare(a.at))
        if (best) return best.of
      }
      return undefined
    },
  }
}

/**
 * Fixtures that all name the one that they continue, if there is one, whether their files say so or not: a run that was
 * ended too early did not write it down.
 */
export function linked(all: readonly Candidate[]): Candidate[] {
  const holders = createHolders<string>()
  for (const fixture of all) holders.add(fixture.key, fixture)
  return all.map((fixture) => {
    if (continuedBy(fixture) !== undefined) return fixture
    const follows = holders.of(fixture, carriedBy(apiNamed(fixture.api), fixture))
    return follows === undefined ? fixture : { ...fixture, follows }
  })
}
