/** What reads and then writes one file, alone among all processes: the look and the deed are one step. */
import { createHash, randomBytes } from 'node:crypto'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { posix } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { systemCode } from '../../../base/errors.ts'
import { createOrder } from '../../../base/shared.ts'
import { pathOf } from './files.ts'

/** How long something is tried again that another program holds, in ms. */
export const PATIENCE_MS = 15_000

/**
 * How long a lock counts, in ms, if its process may still be there: it is held for as long as it takes to look at one
 * file and to rename another. Of a process of another machine nobody can tell.
 */
const LOCK_MS = { here: 60_000, elsewhere: 10_000 }

export const PAUSE_MS = 5

export const forEver: AbortSignal = new AbortController().signal

/**
 * Does work on the file of a name while nobody else does work on it. Gives what the work gives.
 *
 * @throws what the system says, `EBUSY` if another process holds the lock for too long
 */
export type Alone = <T>(name: string, work: () => Promise<T>) => Promise<T>

/** Makes what works alone in a directory. A process that is killed leaves a lock behind, which the next one takes away. */
export function createLocks(dir: string, clock: Clock): Alone {
  // Work of this process on one name asks the disk only whether others are at it.
  const inOrder = createOrder()
  return (name, work) => {
    const lock = lockOf(name)
    return inOrder(lock, () => withLock(dir, lock, clock, work))
  }
}

/** In the folder of the file, so that all names by which a link leads there have one lock; and short, as names may be long. */
export const lockOf = (name: string): string => {
  const own = createHash('sha256')
    .update(pathOf('', posix.basename(name)))
    .digest('hex')
  return posix.join(posix.dirname(name), `.${own.slice(0, 32)}.jsonl.lock`)
}

async function withLock<T>(dir: string, lock: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const path = pathOf(dir, lock)
  const deadline = clock.now() + PATIENCE_MS
  while (!(await take(path))) {
    await clearLeft(dir, lock, clock)
    if (clock.now() >= deadline)
      throw Object.assign(new Error(`Another process holds ${path.toString()}.`), { code: 'EBUSY' })
    await clock.sleep(PAUSE_MS, forEver)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

const OWN = `${process.pid} ${hostname()}`

async function take(path: string | Buffer): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    try {
      await file.writeFile(OWN)
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Takes a lock away whose process is dead, or that is too old for any write. */
async function clearLeft(dir: string, lock: string, clock: Clock): Promise<void> {
  const path = pathOf(dir, lock)
  try {
    const [owner, seen] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    if (clock.date().getTime() - seen.mtimeMs < countsFor(owner)) return
    // One of several takes it: what was moved by mistake, as a new one was there already, is put back.
    const aside = pathOf(dir, lock.replace(/lock$/, `${process.pid}.${randomBytes(6).toString('hex')}.tmp`))
    await rename(path, aside)
    const moved = await stat(aside)
    await (moved.ino === seen.ino && moved.mtimeMs === seen.mtimeMs ? rm(aside, { force: true }) : rename(aside, path))
  } catch (error) {
    // It was let go meanwhile.
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

/** How long the lock of an owner counts, in ms. */
function countsFor(owner: string): number {
  const [pid, host] = owner.split(' ')
  if (host !== hostname()) return LOCK_MS.elsewhere
  try {
    process.kill(Number(pid), 0)
    return LOCK_MS.here
  } catch (error) {
    return systemCode(error) === 'ESRCH' ? 0 : LOCK_MS.here
  }
}
