/** Files on a disk: by which path a name is found, and the state of a file. */
import { isUtf8 } from 'node:buffer'
import { type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { DeltatapeError, systemCode } from '../../../base/errors.ts'
import { DamageError } from '../../../fixture/damage.ts'
import { UnreadableError } from '../../unreadable.ts'

/** Tells of a file that cannot be read. */
export const unreadable =
  (name: string) =>
  (cause: unknown): never => {
    throw cause instanceof DeltatapeError ? cause : new UnreadableError(name, cause)
  }

/** The first of the code units that stand for the bytes of a name that is no UTF-8: halves of pairs, which no text holds. */
const BYTES_FROM = 0xdc00

/** The name that bytes of the system stand for. Any name comes back to its own bytes. */
export function nameOf(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString('utf8')
  return [...bytes].map((byte) => String.fromCharCode(byte < 0x80 ? byte : BYTES_FROM + byte)).join('')
}

/** The path of a name in a directory: bytes if the name is no text. */
export function pathOf(dir: string, name: string): string | Buffer {
  if (name.isWellFormed()) return join(dir, name)
  const parts = name.split('/').map((part) => {
    if (part.isWellFormed()) return Buffer.from(part)
    return Buffer.from(Array.from(part, (unit) => unit.charCodeAt(0) & 0xff))
  })
  return Buffer.concat([Buffer.from(dir), ...parts.flatMap((part) => [Buffer.from('/'), part])])
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
 * @param name what it is called in the message
 * @throws UnreadableError where there is something that cannot be looked at
 * @throws DamageError where it is no file
 */
export function stateOf(path: string | Buffer, name: string): FileState | undefined {
  let found: Stats
  try {
    found = statSync(path)
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? undefined : unreadable(name)(error)
  }
  if (!found.isFile()) throw noFile(name, found)
  return { bytes: found.size, version: versionOf(found) }
}

/** Whether there is something, as far as that can be told. Costs less than {@link stateOf} where there is nothing. */
export const isThere = (path: string | Buffer): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/** The reason as the system would say it, for those who tell of files by that. */
const because = (code: string) => ({ cause: Object.assign(new Error(code), { code }) })

const noFile = (name: string, found: Stats) =>
  new DamageError(
    name,
    1,
    'it is no file',
    'this is no file, but a folder or a device. Take it away',
    because(found.isDirectory() ? 'EISDIR' : 'ENXIO'),
  )

/** `ctime` tells of an edit that puts the other time back. */
export const versionOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string => `${ino} ${size} ${mtimeMs} ${ctimeMs}`
