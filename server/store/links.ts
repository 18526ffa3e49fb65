/** Fixtures that are to name the one that they continue, though that was found only after they were saved. */
import { systemCode } from '../base/errors.ts'
import { isDamage } from '../fixture/damage.ts'
import { type Fixture, continuedBy } from '../fixture/fixture.ts'
import { takeOf } from '../fixture/take.ts'
import type { Finder } from './finder.ts'
import type { Stamp } from './stamp.ts'

export interface Links {
  /** Writes the key into the header of a fixture that was saved, once it is known, unless somebody changed it meanwhile. */
  add(saved: SavedFixture, later: Promise<string | undefined>): void
  /** Resolves when nothing is left to be written. */
  done(): Promise<void>
}

/** What tells of a fixture whether it is still the one that was saved. */
type SavedFixture = Pick<Fixture, 'key' | 'take' | 'recorded'>

interface Parts {
  readonly finder: Finder
  /** What tells the content that a file has now from any other. */
  readonly stamp: (name: string) => Stamp
  /** Writes a fixture over a file, unless that has another stamp by now. */
  readonly replace: (name: string, fixture: Fixture, stamp: Stamp) => Promise<boolean>
}

export function createLinks({ finder, stamp, replace }: Parts): Links {
  let last = Promise.resolve()
  const link = async ({ key, take, recorded }: SavedFixture, follows: string): Promise<void> => {
    const name = await finder.nameOf(key, takeOf({ take }))
    if (name === undefined) return
    const seen = stamp(name)
    const now = await finder.whole(name)
    const isSaved = now.key === key && now.recorded.at === recorded.at && continuedBy(now) === undefined
    if (isSaved) await replace(name, { ...now, follows }, seen)
  }
  return {
    add({ key, take, recorded }, later) {
      const before = last
      const work = async () => {
        const follows = await later
        // One after another: saves that somebody waits for are in between.
        await before
        if (follows !== undefined) await link({ key, take, recorded }, follows)
      }
      last = work().catch(passOver)
    },
    async done() {
      for (let seen: unknown; seen !== last;) await (seen = last)
    },
  }
}

/** The recording is whole without it. */
function passOver(error: unknown): void {
  if (!isDamage(error) && systemCode(error) === undefined) throw error
}
