/** The files of a directory of fixtures: which there are, their text, and how one is written whole or not at all. */
import { randomBytes } from 'node:crypto'
import { type Stats, constants, readFileSync, renameSync, statSync } from 'node:fs'
import { type FileHandle, access, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { formatFixture, isDamage, parseFixture } from '../fixture/file.ts'
import { type Fixture, isGood } from '../fixture/fixture.ts'

/**
 * Makes sure that a directory can serve as a store: it is there, can be read and, with `write`, made and written to.
 *
 * @throws DeltatapeError `fixtures_unusable`
 */
export async function checkDirectory(
  dir: string,
  { write, clock }: { readonly write: boolean; readonly clock: Clock },
): Promise<void> {
  try {
    if (write) await mkdir(dir, { recursive: true })
    if (!(await stat(dir)).isDirectory()) throw unusable(dir, 'is no directory')
    await access(dir, constants.R_OK | constants.X_OK | (write ? constants.W_OK : 0))
    if (write) await sweep(dir, clock)
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    throw unusable(dir, WHY_UNUSABLE[code] ?? `cannot be used: ${code}`, error)
  }
}

const TEMPORARY = /(?:^|\/)\.[^/]+\.jsonl\.\d+\.[0-9a-f]{12}\.tmp$/

const STALE_MS = 60 * 60 * 1000

/** Takes away what processes that were killed have left: no save takes an hour. */
async function sweep(dir: string, clock: Clock): Promise<void> {
  for (const name of (await namesIn(dir)).filter((each) => TEMPORARY.test(each))) {
    // One that was just now given its name is gone.
    const found = statSync(join(dir, name), { throwIfNoEntry: false })
    if (found && clock.date().getTime() - found.mtimeMs > STALE_MS) await rm(join(dir, name), { force: true })
  }
}

/** The names of all files in a directory and below, with `/` between the parts. */
const namesIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir, { recursive: true })).map((name) => (sep === '/' ? name : name.replaceAll(sep, '/')))

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
    `The fixtures directory ${JSON.stringify(dir)} ${why}. Set FIXTURES to one that can be used, or record into it with MODEL_MODE=record.`,
    { cause },
  )

/**
 * The names of the fixtures in a directory and below, sorted; none if there is no directory. What begins with a dot is
 * passed over, and so is what lies below it.
 *
 * @throws DeltatapeError `fixture_invalid` if it cannot be read
 */
export async function listFixtures(dir: string): Promise<string[]> {
  const names = await namesIn(dir).catch((error: unknown) => {
    if (NOT_THERE.has(systemCode(error) ?? '')) return []
    return unreadable(`The fixtures directory ${JSON.stringify(dir)}`)(error)
  })
  return names.filter((name) => name.endsWith('.jsonl') && !/(?:^|\/)\./.test(name)).toSorted()
}

/**
 * The text of a fixture's file.
 *
 * @param name what it is called in the message
 * @throws DeltatapeError `fixture_invalid` where it cannot be read
 */
export const readText = (path: string, name: string): Promise<string> => readFile(path, 'utf8').catch(unreadable(name))

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
 *
 * @param may asked last: where it says no, nothing is written, either
 */
export async function writeWhole(
  dir: string,
  name: string,
  fixture: Fixture,
  clock: Clock,
  may = () => true,
): Promise<boolean> {
  const path = join(dir, name)
  const temporary = join(dirname(path), `.${basename(name)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`)
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
        if (!may()) return false
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

/** A file as it is now. */
export interface FileState {
  readonly bytes: number
  /** What tells one state of a file from the next. */
  readonly version: string
}

/**
 * Undefined where there is no file. Asked for each turn, so not by way of the thread pool: that costs ten times as much.
 *
 * @throws DeltatapeError `fixture_invalid` where there is something that cannot be looked at
 */
export function stateOf(path: string): FileState | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found && { bytes: found.size, version: versionOf(found) }
  } catch (error) {
    return unreadable(basename(path))(error)
  }
}

/** `ctime` tells of an edit that puts the other time back. */
export const versionOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string => `${ino} ${size} ${mtimeMs} ${ctimeMs}`

/** The text up to the first line feed. Throws `fixture_invalid` where it cannot be read. */
export async function firstLine(path: string): Promise<string> {
  for await (const [line] of linesOf(path)) if (line !== undefined) return line
  return ''
}

/**
 * The lines of a file, some at a time; at most one of them and a chunk are in memory. A line ends with a line feed:
 * other characters that end a line for people do not end it here.
 *
 * @throws DeltatapeError `fixture_invalid` where it cannot be read
 * @param check called once the file is open: whatever becomes of its name then, it is this file that is read
 */
export async function* linesOf(path: string, check?: (file: FileHandle) => Promise<void>): AsyncGenerator<string[]> {
  const fail = unreadable(basename(path))
  const file = await open(path).catch(fail)
  try {
    await check?.(file)
    let rest: Buffer[] = []
    // One for all: garbage outside of V8's heap is long not looked at.
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read({ buffer }).catch(fail)
      const chunk = buffer.subarray(0, bytesRead)
      const lines: string[] = []
      let start = 0
      for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
        const line = chunk.subarray(start, end)
        lines.push((rest.length > 0 ? Buffer.concat([...rest, line]) : line).toString('utf8'))
        rest = []
        start = end + 1
      }
      if (start < bytesRead) rest.push(Buffer.from(chunk.subarray(start)))
      if (bytesRead === 0 && rest.length > 0) lines.push(Buffer.concat(rest).toString('utf8'))
      if (lines.length > 0) yield lines
      if (bytesRead === 0) return
    }
  } finally {
    await file.close()
  }
}

const CHUNK_BYTES = 64 * 1024
