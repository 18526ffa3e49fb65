/** Rows of takes: which of several answers to a call is the next to be played. */
import { nameOfTake, takeIn, takeOf } from '../fixture/take.ts'
import type { Recording } from './playback.ts'
import type { Read } from './reader.ts'

interface Parts {
  /** The first take of a call. Throws as a search does. */
  readonly first: (key: string) => Promise<Recording | undefined>
  /** The names that say that they are further takes of a call, in their order, as of the last look at the directory. */
  readonly further: (key: string) => readonly string[]
  readonly read: Read<Recording>
  /** There is a file with this name that was not known. */
  readonly added: (name: string) => void
}

/**
 * Makes what gives the n-th of the takes that there are, or the last if there are fewer; undefined if there is none. A
 * take that another process has added since the last look is looked for under the name that it would have.
 */
export function createRows({ first, further, read, added }: Parts) {
  /** The last of these that is there. */
  const lastOf = async (key: string, names: readonly string[]): Promise<Recording | undefined> => {
    for (const name of names.toReversed()) {
      const take = await read(name)
      if (take?.key === key && takeOf(take) === takeIn(name)) return take
    }
    return undefined
  }

  /** The take so far after this one, or the last if there are fewer. */
  const beyond = async (from: Recording, steps: number): Promise<Recording> => {
    let last = from
    for (let left = steps; left > 0; left--) {
      const name = nameOfTake(last.name, takeOf(last) + 1)
      const next = name === last.name ? undefined : await read(name)
      if (next?.key !== last.key) return last
      added(name)
      last = next
    }
    return last
  }

  return async (key: string, nth: number): Promise<Recording | undefined> => {
    const begin = await first(key)
    if (begin && nth === 1) return begin
    const names = further(key)
    const count = nth - (begin ? 1 : 0)
    const found = (await lastOf(key, names.slice(0, count))) ?? begin
    return found && count > names.length ? beyond(found, count - names.length) : found
  }
}
