/** A file as it was committed. The only one that runs git. */
import { execFile } from 'node:child_process'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'
import { DeltatapeError, systemCode } from '../base/errors.ts'

const run = promisify(execFile)

/** The largest committed file that is read, in bytes. */
const MAX_BYTES = 2 ** 30

/** The text of a file as a revision has it. Throws as {@link committedBytes} does. */
export const committed = async (path: string, revision: string): Promise<string> =>
  (await committedBytes(path, revision)).toString('utf8')

/**
 * A file as a revision has it.
 *
 * @param revision `HEAD`, a branch, a tag, a commit: whatever git takes for a revision
 * @throws DeltatapeError `not_found` if git is not installed, or the file is in no repository or not in that revision
 */
export async function committedBytes(path: string, revision: string): Promise<Buffer> {
  const cannot = (why: string, cause?: unknown) =>
    new DeltatapeError('not_found', `${path} cannot be compared with ${revision}: ${why}`, { cause })
  // git would take it for an option.
  if (revision.startsWith('-')) throw cannot('that is not a revision.')
  try {
    const { stdout } = await run('git', ['cat-file', 'blob', `${revision}:./${basename(path)}`], {
      cwd: dirname(path),
      maxBuffer: MAX_BYTES,
      encoding: 'buffer',
      env: { ...process.env, LC_ALL: 'C' },
    })
    return stdout
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw cannot('git is not installed, or not on the PATH.', error)
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    if (/not a git repository/i.test(said)) throw cannot('it is in no git repository.', error)
    if (/exists on disk, but not in|does not exist in/i.test(said)) {
      throw cannot('it is not in there. Commit it, or give a second fixture.', error)
    }
    if (/invalid object name|not a valid object name/i.test(said)) throw cannot('there is no such revision.', error)
    throw cannot(`git says: ${said.split('\n')[0] ?? ''}`, error)
  }
}
