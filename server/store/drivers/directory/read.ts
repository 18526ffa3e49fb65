/** How a file is read: as it was found, or not at all. */
import { type Stats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { DeltatapeError, systemCode } from '../../../base/errors.ts'
import { UnreadableError } from '../../unreadable.ts'
import { type FileState, pathOf, unreadable, versionOf } from './files.ts'
import { StoreError } from '../../driver.ts'

/** How large a file may be that is read in one go, in bytes: that takes 20 µs where the thread pool takes 200. */
const AT_ONCE_BYTES = 256 * 1024

const PIECE_BYTES = 256 * 1024

/** Opens a file, and nothing that would make its reader wait. Windows has no such flag, and no such files. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * The first bytes of a file that was found in a state.
 *
 * @throws StoreError `store_changed` if it is in another state by now, or gone
 * @throws UnreadableError
 */
export function bodyOf(dir: string, name: string, state: FileState, first = state.bytes) {
  const count = Math.min(first, state.bytes)
  const path = pathOf(dir, name)
  return count <= AT_ONCE_BYTES ? readAtOnce(path, name, state, count) : readInPieces(path, name, state, count)
}

function readAtOnce(path: string | Buffer, name: string, state: FileState, count: number): [Buffer] {
  let file: number | undefined
  try {
    file = openSync(path, FLAGS)
    const found = fstatSync(file)
    if (versionOf(found) !== state.version) throw changed(name)
    const bytes = Buffer.allocUnsafe(count)
    for (let at = 0; at < count;) {
      const read = readSync(file, bytes, at, count - at, at)
      if (read === 0) throw changed(name)
      at += read
    }
    if (!isUntouched(found, fstatSync(file))) throw changed(name)
    return [bytes]
  } catch (error) {
    throw told(error, name)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

async function* readInPieces(
  path: string | Buffer,
  name: string,
  state: FileState,
  count: number,
): AsyncGenerator<Buffer> {
  const file = await open(path, FLAGS).catch((error: unknown) => Promise.reject(told(error, name)))
  try {
    const found = await file.stat()
    if (versionOf(found) !== state.version) throw changed(name)
    for (let at = 0; at < count;) {
      const length = Math.min(PIECE_BYTES, count - at)
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at).catch(unreadable(name))
      at += bytesRead
      // Before the last piece is handed on: whoever has it can rely on all.
      if (bytesRead === 0 || (at === count && !isUntouched(found, await file.stat()))) throw changed(name)
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Whether nobody wrote into an open file. Another file with its name is no matter. */
const isUntouched = (before: Stats, now: Stats): boolean => before.size === now.size && before.mtimeMs === now.mtimeMs

const changed = (name: string, cause?: unknown) =>
  new StoreError('store_changed', `${name} was written over or taken away while it was read. Ask for it again.`, {
    cause,
  })

const told = (error: unknown, name: string): DeltatapeError => {
  if (error instanceof DeltatapeError) return error
  return systemCode(error) === 'ENOENT' ? changed(name, error) : new UnreadableError(name, error)
}
