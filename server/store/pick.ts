/** A directory of fixtures as a person looks at it: read one after another, and found by how a name or key begins. */
import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DeltatapeError } from '../base/errors.ts'
import { isDamage, parseFixture } from '../fixture/file.ts'
import type { StoredFixture } from '../fixture/fixture.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import { checkStore, listFixtures, readText } from './directory.ts'
import type { Store } from './store.ts'

/** A fixture, or why its file is none. */
export type Shelved =
  { readonly name: string; readonly fixture: StoredFixture } | { readonly name: string; readonly damage: string }

/** Reads files one after another, and keeps none: a directory may hold more than the memory does. */
export async function* readAll(dir: string, names: readonly string[]): AsyncGenerator<Shelved> {
  for (const name of names) {
    try {
      yield { name, fixture: await readFixture(join(dir, name)) }
    } catch (error) {
      if (!isDamage(error)) throw error
      yield { name, damage: error.message }
    }
  }
}

/**
 * Reads the fixture in a file.
 *
 * @throws DeltatapeError `fixture_invalid`
 */
export async function readFixture(path: string): Promise<StoredFixture> {
  const name = basename(path)
  return { ...parseFixture(await readText(path, name), name), name }
}

/** How many fixtures are named where a word means several. */
const MAX_NAMED = 10

/**
 * The path of the one fixture that a word means: a name, with or without `.jsonl`; the beginning of a name or of a
 * key; or a path to a file.
 *
 * @throws DeltatapeError `not_found` where there is none, `invalid_input` where there are several, by name
 */
export async function pick(dir: string, word: string): Promise<string> {
  if (/[/\\]/.test(word)) {
    if (await isFile(word)) return word
    throw new DeltatapeError('not_found', `There is no file ${JSON.stringify(word)}.`)
  }
  await checkStore(dir, { write: false })
  const names = await listFixtures(dir)
  const exact = names.find((name) => name === word || name === `${word}.jsonl`)
  if (exact !== undefined) return join(dir, exact)
  const begun = names.filter((name) => name.startsWith(word) || keyIn(name).startsWith(word.slice(0, NAME_KEY_CHARS)))
  const meant = begun.length > 0 ? begun : await withKey(dir, names, word)
  const [only, ...others] = meant
  if (only === undefined) {
    if (await isFile(word)) return word
    throw new DeltatapeError(
      'not_found',
      `No fixture in ${JSON.stringify(dir)} has a name or key that begins with ${JSON.stringify(word)}. deltatape ls shows what there is.`,
    )
  }
  if (others.length > 0) {
    const more = meant.length > MAX_NAMED ? `\n  and ${meant.length - MAX_NAMED} more` : ''
    throw new DeltatapeError(
      'invalid_input',
      `${JSON.stringify(word)} may mean ${meant.length} fixtures. Give more of the name or key of one:\n  ${meant.slice(0, MAX_NAMED).join('\n  ')}${more}`,
    )
  }
  return join(dir, only)
}

/** The start of the key as a file's name has it. */
const keyIn = (name: string): string => name.slice(-NAME_KEY_CHARS - '.jsonl'.length, -'.jsonl'.length)

/** Renamed files are found by the keys in them. */
async function withKey(dir: string, names: readonly string[], word: string): Promise<string[]> {
  const found: string[] = []
  if (!/^[0-9a-f]+$/.test(word)) return found
  for await (const shelved of readAll(dir, names)) {
    if ('fixture' in shelved && shelved.fixture.key.startsWith(word)) found.push(shelved.name)
  }
  return found
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )

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
