/** How a file is written: at any moment its name holds the old bytes or the new ones, whole. */
import { randomBytes } from 'node:crypto'
import { type Stats, fstatSync, statSync } from 'node:fs'
import { link, mkdir, open, rename, rm, unlink } from 'node:fs/promises'
import { posix } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { systemCode } from '../../../base/errors.ts'
import { isThere, pathOf, versionOf } from './files.ts'
import { PATIENCE_MS, PAUSE_MS, forEver } from './lock.ts'

/** Bytes that are on the disk, and have no name yet that anybody looks for. */
export interface Temporary {
  readonly path: string | Buffer
  readonly stats: Stats
}

/**
 * Writes bytes, has them given their name, and takes them away where that was not done.
 *
 * @param place gives undefined if it left them where they are
 * @throws what the system says
 */
export async function withTemporary<T extends string | undefined>(
  dir: string,
  name: string,
  bytes: Uint8Array,
  place: (temporary: Temporary) => Promise<T>,
): Promise<T> {
  const path = pathOf(dir, temporaryOf(name))
  let placed: T | undefined
  try {
    const file = await open(path, 'wx')
    let stats: Stats
    try {
      await file.writeFile(bytes)
      await file.sync()
      stats = fstatSync(file.fd)
    } finally {
      await file.close()
    }
    placed = await place({ path, stats })
    return placed
  } finally {
    if (placed === undefined) await rm(path, { force: true })
  }
}

/** Tells people what it was to be, within what a name may be long. */
const temporaryOf = (name: string): string => {
  const own = posix.basename(name).slice(0, 50).toWellFormed()
  return posix.join(posix.dirname(name), `.${own}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`)
}

/** Gives bytes their name, whatever had it; gives their version. */
export async function renameTo(to: string | Buffer, { path, stats }: Temporary, clock: Clock): Promise<string> {
  const deadline = clock.now() + PATIENCE_MS
  for (;;) {
    try {
      await rename(path, to)
      return versionNow(to, stats)
    } catch (error) {
      // Windows renames nothing over a file that another program holds open.
      const held = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '')
      if (!held || clock.now() >= deadline) throw error
    }
    await clock.sleep(PAUSE_MS, forEver)
  }
}

/** What file systems say that know no second name for a file. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']

/** Gives bytes a name that nobody has, in one step. Says whether it was `taken`, or whether that `cannot` be done here. */
export async function linkTo(to: string | Buffer, { path, stats }: Temporary) {
  try {
    await link(path, to)
  } catch (error) {
    const code = systemCode(error) ?? ''
    // A link that leads nowhere is there, and is no file.
    if (code === 'EEXIST') return isThere(to) ? 'taken' : 'cannot'
    if (NO_LINKS.includes(code)) return 'cannot'
    throw error
  }
  // Before it is looked at: one name less is another state.
  await unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error
  })
  return { version: versionNow(to, stats) }
}

/** The version of bytes that were given a name; if somebody wrote over them by now, one that nothing has any more. */
function versionNow(path: string | Buffer, stats: Stats): string {
  const now = statSync(path, { throwIfNoEntry: false })
  const isStill = now?.ino === stats.ino && now.mtimeMs === stats.mtimeMs
  return versionOf(isStill ? now : stats)
}

/** The folders in which a name stands, the outermost first. */
export const foldersOf = (name: string): string[] =>
  [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index + 1))

/** Makes a folder of the directory, which may be there; the directory itself, if it is away, is not made anew. */
export async function makeFolder(dir: string, folder: string): Promise<void> {
  await mkdir(pathOf(dir, folder)).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error
  })
}
