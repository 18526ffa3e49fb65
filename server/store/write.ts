/** How a fixture is written: whole or not at all, and by one process at a time. */
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, posix } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { systemCode } from '../base/errors.ts'
import { pathOf } from './disk.ts'

/** How long something is tried again that another program holds, in ms. */
const PATIENCE_MS = 15_000

/**
 * How long a lock counts, in ms, if its process may still be there: it is held for as long as it takes to read and write
 * one file. Of a process of another machine nobody can tell.
 */
const LOCK_MS = { here: 60_000, elsewhere: 10_000 }

const PAUSE_MS = 5

const forEver = new AbortController().signal

/**
 * Writes a file so that at any moment its name holds the old text or the new one, whole.
 *
 * @param may asked last: if it says no, nothing is written, and this gives false
 * @throws what the system says
 */
export async function writeWhole(
  dir: string,
  name: string,
  content: string | Uint8Array,
  clock: Clock,
  may: () => boolean = () => true,
): Promise<boolean> {
  const path = pathOf(dir, name)
  const temporary = pathOf(dir, besides(name, `${process.pid}.${randomBytes(6).toString('hex')}.tmp`))
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    const deadline = clock.now() + PATIENCE_MS
    for (;;) {
      try {
        if (!may()) return false
        await rename(temporary, path)
        return true
      } catch (error) {
        // Windows renames nothing over a file that another program holds open.
        const held = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '')
        if (!held || clock.now() >= deadline) throw error
      }
      await clock.sleep(PAUSE_MS, forEver)
    }
  } finally {
    await rm(temporary, { force: true })
  }
}

/** A name beside another one, which no list of fixtures shows. */
const besides = (name: string, ending: string): string =>
  posix.join(posix.dirname(name), `.${posix.basename(name)}.${ending}`)

/**
 * Does what reads and then writes the fixture of a key, while no other process does that of the same key: the look and
 * the deed are one step. A process that is killed in it leaves a lock behind, which the next one takes away.
 *
 * @throws what the system says, `EBUSY` if another process holds the lock for too long
 */
export async function alone<T>(dir: string, key: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const path = join(dir, `.${key}.jsonl.lock`)
  const deadline = clock.now() + PATIENCE_MS
  while (!(await take(path))) {
    await clearLeft(path, clock)
    if (clock.now() >= deadline) throw Object.assign(new Error(`Another process holds ${path}.`), { code: 'EBUSY' })
    await clock.sleep(PAUSE_MS, forEver)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

const OWN = `${process.pid} ${hostname()}`

async function take(path: string): Promise<boolean> {
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

/** Takes a lock away whose process is dead, or that is too old for any save. */
async function clearLeft(path: string, clock: Clock): Promise<void> {
  try {
    const [owner, seen] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    if (clock.date().getTime() - seen.mtimeMs < countsFor(owner)) return
    // One of several takes it: what was moved by mistake, as a new one was there already, is put back.
    const aside = path.replace(/lock$/, `${process.pid}.${randomBytes(6).toString('hex')}.tmp`)
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
