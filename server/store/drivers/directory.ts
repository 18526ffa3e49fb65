/** A directory as a place for fixtures, sub-directories included: an object is a file. Others may write to it meanwhile. */
import { unlink } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import { systemCode } from '../../base/errors.ts'
import { pathOf, stateOf } from './directory/files.ts'
import type { Driver, OpenDriver } from '../driver.ts'
import { checkDirectory } from './directory/check.ts'
import { type Listing, createListing } from './directory/listing.ts'
import { createLocks } from './directory/lock.ts'
import { bodyOf } from './directory/read.ts'
import { createStates } from './directory/states.ts'
import { type Temporary, foldersOf, linkTo, makeFolder, renameTo, withTemporary } from './directory/write.ts'

export const openDirectory: OpenDriver = ({ place: dir, clock, mayBeMissing = false, howToRecord }) => {
  const listing = createListing(dir, { clock, mayBeMissing })
  const states = createStates(dir, { clock, mayBeMissing })
  const writing: Listing['writing'] = (name, work) => listing.writing(name, work).finally(states.forget)
  return {
    place: dir,
    engine: 'directory',
    dir,
    check: ({ write }) =>
      checkDirectory(dir, { write, mayBeMissing, howToRecord, temporary: listing.temporary, clock }),
    get(name, { known, first } = {}) {
      const state = states.of(name)
      if (state === undefined) return undefined
      if (state.version === known) return 'same'
      return { name, ...state, body: () => bodyOf(dir, name, state, first) }
    },
    list: listing.pages,
    ...createWrites({ dir, clock, writing }),
    alone: createLocks(dir, clock),
    close: async () => {},
  }
}

interface Writing {
  readonly dir: string
  readonly clock: Clock
  readonly writing: Listing['writing']
}

/** All that changes a file is done alone, but for making one that is not there: the system does that in one step. */
function createWrites({ dir, clock, writing }: Writing): Pick<Driver, 'put' | 'putIf' | 'remove'> {
  const alone = createLocks(dir, clock)
  const write = <T extends string | undefined>(name: string, bytes: Uint8Array, place: Place<T>): Promise<T> =>
    inFolders({ dir, clock, writing }, name, (becomes) =>
      withTemporary(dir, name, bytes, async (temporary) => {
        const version = await place(temporary, pathOf(dir, name))
        if (version !== undefined) becomes(true)
        return version
      }),
    )
  return {
    put: (name, bytes) => write(name, bytes, (temporary, path) => alone(name, () => renameTo(path, temporary, clock))),

    async putIf(name, bytes, expected) {
      const version = expected === 'absent' ? undefined : expected.version
      const isExpected = () => stateOf(pathOf(dir, name), name)?.version === version
      if (!isExpected()) return undefined
      return write(name, bytes, async (temporary, path) => {
        const linked = expected === 'absent' ? await linkTo(path, temporary) : 'cannot'
        if (linked === 'taken') return undefined
        if (linked !== 'cannot') return linked.version
        return alone(name, async () => (isExpected() ? renameTo(path, temporary, clock) : undefined))
      })
    },

    remove(name, version) {
      const removeNow = async (becomes: (isThere: boolean) => void): Promise<boolean> => {
        if (version !== undefined && stateOf(pathOf(dir, name), name)?.version !== version) return false
        await unlink(pathOf(dir, name))
        becomes(false)
        return true
      }
      return writing(name, (becomes) => alone(name, () => removeNow(becomes))).catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return false
        throw error
      })
    },
  }
}

/** Gives bytes their name, if they may have it; gives their version then. */
type Place<T> = (temporary: Temporary, path: string | Buffer) => Promise<T>

/** Does what changes a file, in folders that are made where they are missing. */
async function inFolders<T>(
  { dir, writing }: Writing,
  name: string,
  work: (becomes: (isThere: boolean) => void) => Promise<T>,
): Promise<T> {
  try {
    return await writing(name, work)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || !name.includes('/')) throw error
  }
  for (const folder of foldersOf(name)) {
    await writing(folder, async (becomes) => {
      await makeFolder(dir, folder)
      becomes(true)
    })
  }
  return writing(name, work)
}
