/** A file, or a fixture, as it was committed. */
import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { forShell } from '../base/shell.ts'
import { printable } from '../base/text.ts'
import { besideFrom, besideNamedIn } from '../fixture/beside.ts'
import type { StoredFixture } from '../fixture/fixture.ts'
import { askGit } from './git.ts'
import { besideName } from './read/beside.ts'
import { isAddress } from './place.ts'
import { type Picked, readFixture } from './pick.ts'

/** A revision that git would take for an option or for what is staged, or that cannot be given to a program. */
const NO_REVISION = /^$|^-|\p{Cc}/u

/**
 * A fixture as a revision has it, with what stood beside it then. It is called `<name> in <revision>`.
 *
 * @param revision `HEAD`, a branch, a tag, a commit: whatever git takes for a revision
 * @throws DeltatapeError `not_found` if git is not installed, or the file is in no repository or not in that revision;
 *   `fixture_invalid` if what is in there is damaged
 */
export const readCommitted = (
  { name, path }: Pick<Picked, 'name' | 'path'>,
  revision: string,
): Promise<StoredFixture> =>
  readFixture({
    name: `${name} in ${revision}`,
    text: () => committed(path, revision),
    beside: async (text) =>
      besideNamedIn(text) === undefined
        ? besideFrom(undefined)
        : committedBytes(besideName(path), revision).then(besideFrom, () => besideFrom(undefined)),
  })

/** The text of a file as a revision has it. Throws `not_found` as {@link readCommitted} does. */
export const committed = async (path: string, revision: string): Promise<string> =>
  (await committedBytes(path, revision)).toString('utf8')

/**
 * The ids that git has in a revision for what is in a directory, by the path within it.
 *
 * @throws DeltatapeError `not_found` as {@link readCommitted} does
 */
export async function committedIn(dir: string, revision: string): Promise<ReadonlyMap<string, string>> {
  // Whoever asks what became of the files is told by ids: `git diff` would run what a repository names as its filters.
  const tree = await ask({ path: dir, folder: dir, revision }, ['ls-tree', '-r', '-z', revision])
  const entries = tree.toString('utf8').split('\0').slice(0, -1)
  // <mode> <type> <id>, a tab, and the path.
  return new Map(entries.map((entry) => [entry.slice(entry.indexOf('\t') + 1), /\w+(?=\t)/.exec(entry)?.[0] ?? '']))
}

/** The letters of an id that is a SHA-1; a repository may have SHA-256. */
const SHA1_CHARS = 40

/** Whether an id of git is that of a text. */
export function isIdOf(id: string, text: string): boolean {
  const bytes = Buffer.from(text)
  const hash = createHash(id.length === SHA1_CHARS ? 'sha1' : 'sha256')
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex') === id
}

const committedBytes = (path: string, revision: string): Promise<Buffer> =>
  ask({ path, folder: dirname(path), revision }, ['cat-file', 'blob', `${revision}:./${basename(path)}`])

/** What is compared with a revision, and where git is asked about it. */
interface Compared {
  readonly path: string
  readonly folder: string
  readonly revision: string
}

/** What git writes. */
async function ask({ path, folder, revision }: Compared, words: readonly string[]): Promise<Buffer> {
  const cannot = (why: string, cause?: unknown) =>
    new DeltatapeError('not_found', `${path} cannot be compared with ${printable(revision)}: ${why}`, { cause })
  if (isAddress(path)) throw cannot('it is on an engine, which git knows nothing of. Give a second fixture.')
  if (NO_REVISION.test(revision))
    throw cannot('that is not a revision. Give a commit, a branch or a tag, such as HEAD.')
  try {
    return await askGit(words, { folder })
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw cannot('git is not installed, or not on the PATH. Install it, or give a second fixture.', error)
    }
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    if (/not a git repository/i.test(said)) {
      throw cannot('it is in no git repository. Commit it to one, or give a second fixture.', error)
    }
    if (/exists on disk, but not in|does not exist in/i.test(said)) {
      throw cannot('it is not in there. Commit it, or give a second fixture.', error)
    }
    if (/invalid object name|not a valid object name/i.test(said)) {
      throw cannot('there is no such revision. Give a commit, a branch or a tag, such as HEAD.', error)
    }
    if (/transport .* not allowed|lazy fetching disabled/.test(said)) {
      const command = ['git', '-C', folder, ...words].map(forShell).join(' ')
      throw cannot(`it was left out of this clone, and is not fetched for this. Fetch it: ${command}`, error)
    }
    throw cannot(`git says: ${said.split('\n')[0] ?? ''}`, error)
  }
}
