/** Folders with many fixtures, each size written once a run. */
import { answerTo, inputAt, writeFixture, type Answer } from './answers.ts'
import type { Lab } from './lab.ts'

/** A folder with so many fixtures, of 10 kB each if nothing else is said: the answers of {@link libraryAnswer}. */
export type Library = (count: number, deltas?: number) => Promise<string>

/** Deltas that make a fixture 10 kB large. */
const DELTAS = 33

/** What number `index` holds. All are of one size. */
export const libraryAnswer = (index: number, deltas = DELTAS): Answer => answerTo(inputAt(index), deltas)

export function createLibrary(lab: Lab, say: (what: string) => void): Library {
  const folders = new Map<string, string>()
  return async (count, deltas) => {
    const which = `${count} ${deltas}`
    const known = folders.get(which)
    if (known !== undefined) return known
    say(`writing ${count} fixtures`)
    const folder = await lab.folder()
    for (let index = 0; index < count; index++) await writeFixture(folder, libraryAnswer(index, deltas))
    folders.set(which, folder)
    return folder
  }
}
