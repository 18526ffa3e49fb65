/** Fixtures that are to name the one that they continue, though that was found only after they were saved. */
import { systemCode } from '../../base/errors.ts'
import { isDamage } from '../../fixture/damage.ts'
import { type Fixture, continuedBy } from '../../fixture/fixture.ts'
import { takeOf } from '../../fixture/take.ts'
import type { Finder } from '../find/finder.ts'

export interface Links {
  /** Writes the key into the header of a fixture that was saved, once it is known, unless somebody changed it meanwhile. */
  add(saved: SavedFixture, later: Promise<string | undefined>): void
  /** Resolves when nothing is left to be written. */
  done(): Promise<void>
}

/** What tells of a fixture whether it is still the one that was saved. */
type SavedFixture = Pick<Fixture, 'key' | 'api' | 'request' | 'take' | 'recorded'>

interface Parts {
  readonly finder: Finder
  /** Writes a fixture over another, unless that has another version by now. */
  readonly replace: (name: string, fixture: Fixture, version: string) => Promise<boolean>
}

export function createLinks({ finder, replace }: Parts): Links {
  let last = Promise.resolve()
  const link = async (saved: SavedFixture, follows: string): Promise<void> => {
    const found = await finder.find(saved, takeOf(saved))
    if (!found) return
    const { fixture, version } = found
    const isSaved = fixture.recorded.at === saved.recorded.at && continuedBy(fixture) === undefined
    if (isSaved) await replace(fixture.name, { ...fixture, follows }, version)
  }
  return {
    add({ key, api, request, take, recorded }, later) {
      const before = last
      const work = async () => {
        const follows = await later
        // One after another: saves that somebody waits for are in between.
        await before
        if (follows !== undefined) await link({ key, api, request, take, recorded }, follows)
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
