/** Whether a directory can serve as a place for fixtures. */
import { constants, statSync } from 'node:fs'
import { access, mkdir, rm, stat } from 'node:fs/promises'
import type { Clock } from '../../../base/clock.ts'
import { DeltatapeError, systemCode } from '../../../base/errors.ts'
import { deltatape, marked, withVariables } from '../../../base/command-line.ts'
import { pathOf } from './files.ts'

interface CheckOptions {
  readonly write: boolean
  /** Whether it need not be there. */
  readonly mayBeMissing: boolean
  /** What is run with `MODEL_MODE=record` to record, if not a server for itself. */
  readonly howToRecord?: string | undefined
  /** Lists what processes write before it gets its name, or hold while they write. */
  readonly temporary: () => Promise<readonly string[]>
  readonly clock: Clock
}

/**
 * Makes sure that a directory is there, can be read and, with `write`, made and written to; and takes away what processes
 * that were killed have left.
 *
 * @throws DeltatapeError `fixtures_unusable`
 */
export async function checkDirectory(dir: string, options: CheckOptions): Promise<void> {
  const { write, mayBeMissing, howToRecord = serving(dir) } = options
  try {
    if (write) await mkdir(dir, { recursive: true })
    if (!(await stat(dir)).isDirectory()) throw unusable(dir, 'is no directory', undefined)
    await access(dir, constants.R_OK | constants.X_OK | (write ? constants.W_OK : 0))
    if (write) await sweep(dir, options)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' && mayBeMissing) return
    if (code === undefined) throw error
    const why = WHY_UNUSABLE[code] ?? `cannot be used: ${code}`
    throw unusable(dir, why, code === 'ENOENT' ? howToRecord : undefined, error)
  }
}

/** The server that uses a directory, as it is started in a shell. */
const serving = (dir: string): string => deltatape('serve', '--fixtures', dir)

const STALE_MS = 60 * 60 * 1000

/** No write takes an hour. */
async function sweep(dir: string, { temporary, clock }: CheckOptions): Promise<void> {
  for (const name of await temporary()) {
    const path = pathOf(dir, name)
    // Another process may take it away at any moment, or give it its name.
    const found = statSync(path, { throwIfNoEntry: false })
    if (found && clock.date().getTime() - found.mtimeMs > STALE_MS) await rm(path, { force: true })
  }
}

const WHY_UNUSABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EEXIST: 'is no directory',
  ENOTDIR: 'is no directory',
  EACCES: 'may not be read or written by this process',
  EPERM: 'may not be read or written by this process',
  EROFS: 'is on a file system that cannot be written to',
}

/** Whether the system says that a right is missing. */
const isRight = (cause: unknown): boolean => ['EACCES', 'EPERM'].includes(systemCode(cause) ?? '')

/** @param howToRecord what would make it, if anything */
function unusable(dir: string, why: string, howToRecord: string | undefined, cause?: unknown): DeltatapeError {
  const record =
    howToRecord === undefined
      ? ''
      : `, or record into it: ${marked(withVariables({ MODEL_MODE: 'record' }, howToRecord))}`
  return new DeltatapeError(
    'fixtures_unusable',
    `The fixtures directory ${JSON.stringify(dir)} ${why}. ${isRight(cause) ? 'Change its rights (chmod), or set' : 'Set'} FIXTURES to one that can be used${record}.`,
    { cause },
  )
}
