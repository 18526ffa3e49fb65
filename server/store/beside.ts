/** Fixtures and what stands beside them, as files: written and taken away together, so that one is never without the other. */
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'
import { systemCode } from '../base/errors.ts'
import { type Beside, type Source, besideOf, createBeside, sha256Of } from '../fixture/beside.ts'
import { formatFixture } from '../fixture/file.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { type FileState, pathOf, stateOf } from './disk.ts'
import { type Stamp, removeStamped } from './stamp.ts'
import { writeWhole } from './write.ts'

/** `say-hi-….jsonl` → `say-hi-….bin` */
export const besideName = (name: string): string => name.replace(/\.jsonl$/, '.bin')

/** How it is called until its fixture is there, too. */
const earlyName = (name: string, sha256: string): string => name.replace(/\.jsonl$/, `.${sha256.slice(0, 12)}.bin`)

/** Opens what stands beside a fixture when a line asks for it. Reads in one go: pieces are small, and come in a row. */
export const openBeside = (dir: string, name: string): Beside =>
  createBeside(
    (sha256) => openFile(dir, earlyName(name, sha256)) ?? openFile(dir, besideName(name)) ?? besideName(name),
  )

function openFile(dir: string, name: string): Source | undefined {
  let file: number
  try {
    file = openSync(pathOf(dir, name), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return undefined
  }
  const found = fstatSync(file)
  if (!found.isFile()) return void closeSync(file)
  return {
    name,
    size: found.size,
    read(from, count) {
      const bytes = Buffer.alloc(count)
      for (let at = 0, read = -1; at < count && read !== 0; at += read)
        read = readSync(file, bytes, at, count - at, from + at)
      return bytes
    },
    close: () => closeSync(file),
  }
}

/** What stands beside a fixture now: how large it is, and what tells one state of it from the next. */
export function besideState(dir: string, name: string): { readonly bytes: number; readonly version: string } {
  const beside = besideName(name)
  try {
    return stateOf(pathOf(dir, beside), beside) ?? { bytes: 0, version: 'absent' }
  } catch {
    // Who reads it is told why.
    return { bytes: 0, version: 'unknown' }
  }
}

/** The state of a fixture and of what stands beside it; undefined where there is no such fixture. Throws as {@link stateOf} does. */
export function stateWithBeside(dir: string, name: string): FileState | undefined {
  const own = stateOf(pathOf(dir, name), name)
  const beside = besideState(dir, name)
  return own && { bytes: own.bytes + beside.bytes, version: `${own.version} ${beside.version}` }
}

/**
 * Writes a fixture so that at any moment its name holds the old one or the new one, whole. What stands beside it comes
 * first, under a name that says which it is: until the last step the old fixture has its own.
 *
 * @param may asked last: if it says no, nothing is written, and this gives false
 * @throws what the system says
 */
export async function writeFixture(
  dir: string,
  name: string,
  fixture: Fixture,
  clock: Clock,
  may?: () => boolean,
): Promise<boolean> {
  const bytes = besideOf(fixture)
  const early = bytes && earlyName(name, sha256Of(bytes))
  if (bytes && early !== undefined) await writeWhole(dir, early, bytes, clock)
  const isWritten = await writeWhole(dir, name, formatFixture(fixture), clock, may)
  if (early !== undefined && isWritten) await rename(pathOf(dir, early), pathOf(dir, besideName(name)))
  else if (early !== undefined) await rm(pathOf(dir, early), { force: true })
  else if (isWritten) await rm(pathOf(dir, besideName(name)), { force: true })
  return isWritten
}

/** Takes a fixture away, and then what stands beside it. */
export async function removeFixture(dir: string, name: string): Promise<void> {
  await rm(pathOf(dir, name), { force: true })
  await rm(pathOf(dir, besideName(name)), { force: true })
}

/** The same if it still has this stamp. Says whether it had. */
export function removeStampedFixture(dir: string, name: string, stamp: Stamp): boolean {
  const isRemoved = removeStamped(pathOf(dir, name), stamp)
  if (isRemoved) rmSync(pathOf(dir, besideName(name)), { force: true })
  return isRemoved
}
