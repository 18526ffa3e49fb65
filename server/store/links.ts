/** Fixtures that are to name the one that they continue, though that was found only after they were saved. */
import { systemCode } from '../base/errors.ts'
import { isDamage } from '../fixture/damage.ts'
import { type Fixture, continuedBy } from '../fixture/fixture.ts'
import { takeOf } from '../fixture/take.ts'
import type { Finder } from './finder.ts'
import type { Stamp } from './stamp.ts'

export interface Links {
  /** Writes the key into the header of a fixture that was saved, once it is known, unless somebody changed it meanwhile. */
  add(saved: Fixture, later: Promise<string | undefined>): void
  /** Resolves when nothing is left to be written. */
  done(): Promise<void>
}

interface Parts {
  readonly finder: Finder
  /** What tells the content that a file has now from any other. */
  readonly stamp: (name: string) => Stamp
  /** Writes a fixture over a file, unless that has another stamp by now. */
  readonly replace: (name: string, fixture: Fixture, stamp: Stamp) => Promise<boolean>
}

export function createLinks({ finder, stamp, replace }: Parts): Links {
  const open = new Set<Promise<void>>()
  const link = async (saved: Fixture, later: Promise<string | undefined>): Promise<void> => {
    const follows = await later
    if (follows === undefined) return
    const name = await finder.nameOf(saved.key, takeOf(saved))
    if (name === undefined) return
    const seen = stamp(name)
    const now = await finder.whole(name)
    const isSaved = now.key === saved.key && now.recorded.at === saved.recorded.at && continuedBy(now) === undefined
    if (isSaved) await replace(name, { ...now, follows }, seen)
  }
  return {
    add(saved, later) {
      const work = link(saved, later)
        .catch(passOver)
        .finally(() => open.delete(work))
      open.add(work)
    },
    async done() {
      while (open.size > 0) await Promise.all(open)
    },
  }
}

/** The recording is whole without it. */
function passOver(error: unknown): void {
  if (!isDamage(error) && systemCode(error) === undefined) throw error
}
