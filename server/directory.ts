/** The files of a directory of fixtures: which there are, their text, and how one is written whole or not at all. */
import { randomBytes } from 'node:crypto'
import { constants, readFileSync, renameSync } from 'node:fs'
import { access, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DeltatapeError, systemCode } from './errors.ts'
import { formatFixture, isGood, parseFixture, type Fixture } from './fixture.ts'
import type { Clock } from './pace.ts'

/**
 * Makes sure that a directory can serve as a store: it is there, can be read and, with `write`, made and written to.
 *
 * @throws DeltatapeError `fixtures_unusable`
 */
export async function checkStore(dir: string, { write }: { write: boolean }): Promise<void> {
  try {
    if (write) await mkdir(dir, { recursive: true })
    if (!(await stat(dir)).isDirectory()) throw unusable(dir, 'is no directory')
    await access(dir, constants.R_OK | constants.X_OK | (write ? constants.W_OK : 0))
    if (write) await sweep(dir)
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    throw unusable(dir, WHY_UNUSABLE[code] ?? `cannot be used: ${code}`, error)
  }
}

const TEMPORARY = /^\..+\.jsonl\.\d+\.[0-9a-f]{12}\.tmp$/
const STALE_MS = 60 * 60 * 1000

/** Takes away what processes that were killed have left: no save takes an hour. */
async function sweep(dir: string): Promise<void> {
  for (const name of (await readdir(dir)).filter((each) => TEMPORARY.test(each))) {
    const { mtimeMs } = await stat(join(dir, name))
    if (Date.now() - mtimeMs > STALE_MS) await rm(join(dir, name), { force: true })
  }
}

/** What the system says where a directory is gone, or has something else in its place. */
const NOT_THERE = new Set(['ENOENT', 'ENOTDIR'])

const WHY_UNUSABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EEXIST: 'is no directory',
  ENOTDIR: 'is no directory',
  EACCES: 'may not be read or written by this process',
  EPERM: 'may not be read or written by this process',
  EROFS: 'is on a file system that cannot be written to',
}

const unusable = (dir: string, why: string, cause?: unknown) =>
  new DeltatapeError(
    'fixtures_unusable',
    `The fixtures directory ${JSON.stringify(dir)} ${why}. Set FIXTURES_DIR to one that can be used, or record into it with MODEL_MODE=record.`,
    { cause },
  )

/**
 * The file names of the fixtures in a directory, sorted; none where there is no directory.
 *
 * @throws DeltatapeError `fixture_invalid` where it cannot be read
 */
export async function listFixtures(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    if (NOT_THERE.has(systemCode(error) ?? '')) return []
    return unreadable(`The fixtures directory ${JSON.stringify(dir)}`)(error)
  })
  return names.filter((name) => name.endsWith('.jsonl') && !name.startsWith('.')).toSorted()
}

/**
 * The text of a fixture's file.
 *
 * @param name what it is called in the message
 * @throws DeltatapeError `fixture_invalid` where it cannot be read
 */
export const readText = (path: string, name: string): Promise<string> => readFile(path, 'utf8').catch(unreadable(name))

/** Whether an error says that a fixture is damaged. */
export const isDamage = (error: unknown): error is DeltatapeError =>
  error instanceof DeltatapeError && error.code === 'fixture_invalid'

/** Tells of a file that cannot be read. */
export const unreadable =
  (name: string) =>
  (cause: unknown): never => {
    throw new DeltatapeError('fixture_invalid', `${name} cannot be read: ${systemCode(cause) ?? String(cause)}.`, {
      cause,
    })
  }

/** How long a rename is tried again where another program holds the file open, as Windows has it. In ms. */
const RENAME_PATIENCE_MS = 1000
const RENAME_PAUSE_MS = 20

/**
 * Writes a fixture so that at any moment its name holds the old text or the new one, whole. Gives false, and writes
 * nothing, where another process has meanwhile put a good answer there and this one is none.
 */
export async function writeWhole(dir: string, name: string, fixture: Fixture, clock: Clock): Promise<boolean> {
  const path = join(dir, name)
  const temporary = join(dir, `.${name}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(formatFixture(fixture))
      await file.sync()
    } finally {
      await file.close()
    }
    const deadline = clock.now() + RENAME_PATIENCE_MS
    for (;;) {
      try {
        if (isGood(fixture)) {
          await rename(temporary, path)
          return true
        }
        // In one go, so that nothing comes in between.
        if (holdsGood(path)) return false
        renameSync(temporary, path)
        return true
      } catch (error) {
        const held = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '')
        if (!held || clock.now() >= deadline) throw error
      }
      await clock.sleep(RENAME_PAUSE_MS, new AbortController().signal)
    }
  } finally {
    await rm(temporary, { force: true })
  }
}

function holdsGood(path: string): boolean {
  try {
    return isGood(parseFixture(readFileSync(path, 'utf8'), path))
  } catch (error) {
    if (isDamage(error) || systemCode(error) === 'ENOENT') return false
    throw error
  }
}
