/** The lines of an object: all of them in turn, or the first. */
import { DamageError } from '../fixture/damage.ts'
import { type Driver, type Found, foundAt } from './driver.ts'

/** The longest line that is read, in bytes: an answer of 64 MiB in one piece, and what JSON adds to it. */
const MAX_LINE_BYTES = 128 * 1024 * 1024

/**
 * The lines of an object, some at a time; at most one of them and a piece are in memory. A line ends with a line feed:
 * other characters that end a line for people do not end it here.
 *
 * @throws DamageError where a line is longer than 128 MiB
 */
export async function* linesIn({ name, body }: Pick<Found, 'name' | 'body'>): AsyncGenerator<string[]> {
  let [rest, held, count]: [Uint8Array[], number, number] = [[], 0, 1]
  for await (const piece of body()) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      const line = chunk.subarray(start, end)
      lines.push((rest.length > 0 ? Buffer.concat([...rest, line]) : line).toString('utf8'))
      ;[rest, held] = [[], 0]
      start = end + 1
      count++
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start))
      held += chunk.length - start
    }
    if (held > MAX_LINE_BYTES) throw tooLong(name, count)
    if (lines.length > 0) yield lines
  }
  if (rest.length > 0) yield [Buffer.concat(rest).toString('utf8')]
}

const tooLong = (name: string, line: number) =>
  new DamageError(name, line, `the line has more than ${MAX_LINE_BYTES} bytes`)

/** How much of an object is asked for to read its first line, in bytes: most are shorter. */
export const FIRST_BYTES = 64 * 1024

/**
 * The text up to the first line feed, of an object whose first {@link FIRST_BYTES} were asked for, or all of it; undefined
 * if it is gone by the time that more is asked for. Throws as {@link linesIn} does.
 */
export async function firstLine(driver: Pick<Driver, 'get'>, found: Found): Promise<string | undefined> {
  const { line, isEnded } = await firstLineIn(found)
  if (isEnded || found.bytes <= FIRST_BYTES) return line
  const whole = await foundAt(driver, found.name)
  return whole && (await firstLineIn(whole)).line
}

async function firstLineIn({ name, body }: Found): Promise<{ readonly line: string; readonly isEnded: boolean }> {
  const pieces: Uint8Array[] = []
  let held = 0
  for await (const piece of body()) {
    const end = piece.indexOf(0x0a)
    pieces.push(end === -1 ? piece : piece.subarray(0, end))
    if (end !== -1) return { line: Buffer.concat(pieces).toString('utf8'), isEnded: true }
    held += piece.length
    if (held > MAX_LINE_BYTES) throw tooLong(name, 1)
  }
  return { line: Buffer.concat(pieces).toString('utf8'), isEnded: false }
}
