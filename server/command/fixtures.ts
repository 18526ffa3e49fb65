/** What the sub-commands that look into fixtures share: which ones are meant, and the text of each. */
import { basename, dirname, join, resolve } from 'node:path'
import { DeltatapeError, systemCode } from '../errors.ts'
import { printable } from '../log.ts'
import { checkStore } from '../directory.ts'
import type { Store } from '../store.ts'
import type { SourceFile } from '../check.ts'

/** A fixture as it is shown: its path, as the directory is configured. */
export const shownPath = (dir: string, name: string): string => printable(join(dir, name))

/**
 * The names of the fixtures that are meant: all where none is given. A path to a file in the directory is a name, too,
 * and `.jsonl` may be left out.
 *
 * @throws DeltatapeError `fixtures_unusable` where the directory cannot be read, `not_found` where a fixture is missing
 */
export async function namesOf(store: Store, given: readonly string[]): Promise<string[]> {
  await checkStore(store.dir, { write: false })
  const all = await store.list()
  if (given.length === 0) return all
  const known = new Set(all)
  return [...new Set(given.map((word) => nameFor(word, store.dir, known)))].toSorted()
}

function nameFor(word: string, dir: string, known: ReadonlySet<string>): string {
  const inDir = !/[/\\]/.test(word) || resolve(dirname(word)) === resolve(dir)
  const name = [basename(word), `${basename(word)}.jsonl`].find((each) => inDir && known.has(each))
  if (name !== undefined) return name
  throw new DeltatapeError(
    'not_found',
    `There is no fixture ${JSON.stringify(word)} in ${JSON.stringify(dir)}. Give the name of a file there, or another directory with --fixtures.`,
  )
}

const READS_AT_ONCE = 32

/** The files with these names, in order, some of them read ahead. */
export async function* readFiles(store: Store, names: readonly string[]): AsyncGenerator<SourceFile> {
  const read = (start: number) =>
    Promise.all(names.slice(start, start + READS_AT_ONCE).map((name) => readOne(store, name)))
  let next = read(0)
  for (let start = 0; start < names.length; start += READS_AT_ONCE) {
    const files = await next
    next = read(start + READS_AT_ONCE)
    yield* files
  }
}

async function readOne(store: Store, name: string): Promise<SourceFile> {
  try {
    return { name, text: await store.text(name) }
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    return { name, unreadable: code }
  }
}
