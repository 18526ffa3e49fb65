/** Files on a disk: by which path a name is found, the state of a file, and its text and lines, bounded in memory. */
import { isUtf8 } from 'node:buffer'
import { type Stats, constants, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { DamageError } from '../fixture/damage.ts'
import { UnreadableError } from './unreadable.ts'

export { UnreadableError } from './unreadable.ts'

/** The longest line that is read, in bytes: an answer of 64 MiB in one piece, and what JSON adds to it. */
const MAX_LINE_BYTES = 128 * 1024 * 1024

/** The longest file that is read into one text, in bytes. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024

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

/** Opens a file, and nothing that would make its reader wait. */
async function openFile(path: string | Buffer, name: string): Promise<FileHandle> {
  // Windows has no such flag, and no such files.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(unreadable(name))
  const found = await file.stat().catch(unreadable(name))
  if (found.isFile()) return file
  await file.close()
  throw noFile(name, found)
}

const tooLarge = (name: string) =>
  new DamageError(name, 1, `it has more than ${MAX_TEXT_BYTES} bytes`, undefined, because('EFBIG'))

/**
 * The text of a file.
 *
 * @param name what it is called in the message
 * @throws UnreadableError
 * @throws DamageError where it is no file, or larger than 256 MiB
 */
export async function readText(path: string | Buffer, name: string): Promise<string> {
  const file = await openFile(path, name)
  try {
    const { size } = await file.stat()
    if (size > MAX_TEXT_BYTES) throw tooLarge(name)
    return await file.readFile('utf8').catch(unreadable(name))
  } finally {
    await file.close()
  }
}

/** The text up to the first line feed. Throws as {@link linesOf} does. */
export async function firstLine(path: string | Buffer, name: string): Promise<string> {
  for await (const [line] of linesOf(path, name)) if (line !== undefined) return line
  return ''
}

const CHUNK_BYTES = 64 * 1024

/**
 * The lines of a file, some at a time; at most one of them and a chunk are in memory. A line ends with a line feed:
 * other characters that end a line for people do not end it here.
 *
 * @param check called once the file is open: whatever becomes of its name then, it is this file that is read
 * @throws UnreadableError
 * @throws DamageError where it is no file, or a line is longer than 128 MiB
 */
export async function* linesOf(
  path: string | Buffer,
  name = basename(path.toString()),
  check?: (file: FileHandle) => Promise<void>,
): AsyncGenerator<string[]> {
  const file = await openFile(path, name)
  try {
    await check?.(file)
    let [rest, held, count]: [Buffer[], number, number] = [[], 0, 1]
    // One for all: garbage outside of V8's heap is long not looked at.
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read({ buffer }).catch(unreadable(name))
      const chunk = buffer.subarray(0, bytesRead)
      const lines: string[] = []
      let start = 0
      for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
        const line = chunk.subarray(start, end)
        lines.push((rest.length > 0 ? Buffer.concat([...rest, line]) : line).toString('utf8'))
        ;[rest, held] = [[], 0]
        start = end + 1
        count++
      }
      if (start < bytesRead) {
        rest.push(Buffer.from(chunk.subarray(start)))
        held += bytesRead - start
      }
      if (held > MAX_LINE_BYTES) throw new DamageError(name, count, `the line has more than ${MAX_LINE_BYTES} bytes`)
      if (bytesRead === 0 && rest.length > 0) lines.push(Buffer.concat(rest).toString('utf8'))
      if (lines.length > 0) yield lines
      if (bytesRead === 0) return
    }
  } finally {
    await file.close()
  }
}
