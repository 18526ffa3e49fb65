/** Which fixtures a person means, and what is in them. */
import { stat } from 'node:fs/promises'
import { basename, dirname, posix, relative, resolve, sep } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { deltatape, marked } from '../base/command-line.ts'
import { DeltatapeError } from '../base/errors.ts'
import { isDamage } from '../fixture/damage.ts'
import { parseFixture } from '../fixture/file.ts'
import type { StoredFixture } from '../fixture/fixture.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import { byTake, keyPartIn, nameOfTake } from '../fixture/take.ts'
import type { Beside } from '../fixture/beside.ts'
import { ahead } from './ahead.ts'
import { readBeside } from './read/beside.ts'
import { openDirectory } from './drivers/directory.ts'
import { readText } from './read/text.ts'
import type { Store } from './store.ts'

/** What is asked of a store here. */
type StoreToPick = Pick<Store, 'place' | 'flags' | 'dir' | 'pathOf' | 'check' | 'list' | 'survey' | 'text' | 'beside'>

/** A file that a person means. */
export interface Picked {
  /** Its name in the store; of a file elsewhere its path, as it was given. */
  readonly name: string
  readonly path: string
  /** Reads it, whole or not. Throws `fixture_invalid` if it cannot be read. */
  text(): Promise<string>
  /** Reads what stands beside it, as its text says. Has to be closed. */
  beside(text: string): Promise<Beside>
}

/** A fixture, or why its file is damaged. */
export type Shelved =
  { readonly name: string; readonly fixture: StoredFixture } | { readonly name: string; readonly damage: string }

/** Reads files, in their order, and keeps none. */
export const readAll = (files: readonly Picked[]): AsyncGenerator<Shelved> => ahead(files, readShelved)

async function readShelved(file: Picked): Promise<Shelved> {
  try {
    return { name: file.name, fixture: await readFixture(file) }
  } catch (error) {
    if (!isDamage(error)) throw error
    return { name: file.name, damage: error.message }
  }
}

/**
 * Reads the fixture in a file.
 *
 * @throws DeltatapeError `fixture_invalid`
 */
export async function readFixture({ name, text, beside }: Omit<Picked, 'path'>): Promise<StoredFixture> {
  const content = await text()
  const opened = await beside(content)
  try {
    return { ...parseFixture(content, name, opened), name }
  } finally {
    opened.close()
  }
}

/**
 * The one file that a word means: a name, with or without `.jsonl`; the beginning of a name or of a key; or a path.
 *
 * @throws DeltatapeError `not_found` if there is none, `invalid_input` with their names if there are several,
 *   `fixtures_unusable`
 */
export async function pick(store: StoreToPick, word: string): Promise<Picked> {
  const asPath = /[/\\]/.test(word)
  // A path leads to its file, whatever the fixtures are.
  if (asPath && (await isFile(word))) return inStore(store, word) ?? elsewhere(word)
  await store.check({ write: false })
  return pickFrom(store, await store.list(), word)
}

/**
 * The files that several words mean, each by its name once; all fixtures if there are no words.
 *
 * @throws DeltatapeError as {@link pick} does
 */
export async function pickAll(store: StoreToPick, words: readonly string[]): Promise<Picked[]> {
  if (words.length === 0) {
    await store.check({ write: false })
    return (await store.list()).map((name) => stored(store, name))
  }
  const picked: Picked[] = []
  for (const word of words) picked.push(await pick(store, word))
  const byName = new Map(picked.map((each) => [each.name, each]))
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const stored = ({ pathOf, text, beside }: StoreToPick, name: string): Picked => ({
  name,
  path: pathOf(name),
  text: () => text(name),
  beside: (content) => beside(name, content),
})

/** A file that is in no store: the directory in which it lies is one for the moment. */
function elsewhere(path: string): Picked {
  const driver = openDirectory({ place: dirname(path), clock: systemClock, timeoutMs: Infinity })
  const name = basename(path)
  return {
    name: path,
    path,
    text: () => readText(driver, name, path),
    beside: (content) => readBeside(driver, name, content),
  }
}

/** The file at a path, if that is within the store. */
function inStore(store: StoreToPick, path: string): Picked | undefined {
  if (store.dir === undefined) return undefined
  const name = relative(resolve(store.dir), resolve(path)).replaceAll(sep, '/')
  return name.endsWith('.jsonl') && !name.startsWith('../') ? stored(store, name) : undefined
}

/** How many fixtures are named if a word means several. */
const MAX_NAMED = 10

async function pickFrom(store: StoreToPick, names: readonly string[], word: string): Promise<Picked> {
  const meant = await meantBy(store, names, word)
  const [only, ...others] = meant
  if (only === undefined) {
    if (await isFile(word)) return elsewhere(word)
    throw new DeltatapeError(
      'not_found',
      `No fixture in ${JSON.stringify(store.place)} has a name or key that begins with ${JSON.stringify(word)}. ${marked(deltatape('ls', ...store.flags))} shows what there is.`,
    )
  }
  // Of takes of one call the first is meant: the others are told by their number.
  const rest = others.filter((name) => nameOfTake(name, 1) !== nameOfTake(only, 1))
  if (rest.length > 0) {
    const more = meant.length > MAX_NAMED ? `\n  and ${meant.length - MAX_NAMED} more` : ''
    throw new DeltatapeError(
      'invalid_input',
      `${JSON.stringify(word)} may mean ${meant.length} fixtures. Give more of the name or key of one:\n  ${meant.slice(0, MAX_NAMED).join('\n  ')}${more}`,
    )
  }
  return stored(store, meant.toSorted(byTake)[0] ?? only)
}

/** The name in a path, or in an address as it is shown. */
const nameIn = ({ dir, pathOf }: StoreToPick, word: string): string => {
  if (dir !== undefined) return relative(resolve(dir), resolve(word))
  const before = pathOf('')
  return word.startsWith(before) ? word.slice(before.length) : word
}

/** The names that a word means: those that are the word, or else those that begin with it, or else the keys that do. */
async function meantBy(store: StoreToPick, names: readonly string[], word: string): Promise<string[]> {
  const wanted = [word, nameIn(store, word)].map((each) => each.replaceAll('\\', '/'))
  const isWord = (name: string) => wanted.some((each) => name === each || name === `${each}.jsonl`)
  const exact = names.find(isWord)
  if (exact !== undefined) return [exact]
  const inFolders = names.filter((name) => isWord(posix.basename(name)))
  if (inFolders.length > 0) return inFolders
  const begins = (name: string) => wanted.some((each) => name.startsWith(each))
  const begun = names.filter(
    (name) =>
      begins(name) || begins(posix.basename(name)) || keyPartIn(name)?.startsWith(word.slice(0, NAME_KEY_CHARS)),
  )
  if (begun.length > 0 || !/^[0-9a-f]+$/.test(word)) return begun
  // The name of a renamed file says nothing of its key.
  const { candidates } = await store.survey()
  return candidates.filter(({ key }) => key.startsWith(word)).map(({ name }) => name)
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
