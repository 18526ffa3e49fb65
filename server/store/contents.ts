/** What is in a fixture, and beside it, in order; what takes long lets everything else go first. */
import type { AnswerRecord } from '../api/record.ts'
import { nextTurn } from '../base/clock.ts'
import { DamageError } from '../fixture/damage.ts'
import { createFixtureReader } from '../fixture/file.ts'
import type { FixtureFacts, FixtureHeader } from '../fixture/fixture.ts'
import { openBeside } from './beside.ts'
import type { Driver, Found } from './driver.ts'

/** The longest line that is read, in bytes: an answer of 64 MiB in one piece, and what JSON adds to it. */
const MAX_LINE_BYTES = 128 * 1024 * 1024

/** How much is read in one go, in characters or bytes: less than 5 ms. */
const PIECE = 1024 * 1024

/** Some records, and what stood before them. */
export interface Contents {
  readonly records: readonly AnswerRecord[]
  readonly header: FixtureHeader
}

/** What stands around the records, and what was read beside the fixture. */
export interface Read {
  readonly facts: FixtureFacts
  /** The version of what stands beside it; undefined if nothing does. */
  readonly beside: string | undefined
}

/**
 * Reads a fixture of any size, and gives in the end what stands around its records.
 *
 * @throws DamageError
 * @throws StoreError `store_changed` where it was written anew meanwhile
 */
export async function* contentsOf(driver: Driver, found: Found): AsyncGenerator<Contents, Read> {
  const opened = openBeside(driver, found.name)
  const reader = createFixtureReader(found.name, opened.beside)
  try {
    for await (const lines of linesIn(found)) {
      let records: AnswerRecord[] = []
      let size = 0
      for (const line of lines) {
        const waiting = opened.ready(line)
        if (waiting) await waiting
        const record = reader.line(line)
        if (!record) continue
        records.push(record)
        size += record.wire.length
        if (size < PIECE) continue
        yield { records, header: reader.header() }
        records = []
        size = 0
        await nextTurn()
      }
      if (records.length > 0) yield { records, header: reader.header() }
    }
    return { facts: reader.end(), beside: opened.version }
  } finally {
    await opened.close()
  }
}

/** The same to the end. */
export async function readContents(driver: Driver, found: Found, take: (contents: Contents) => void): Promise<Read> {
  const contents = contentsOf(driver, found)
  for (;;) {
    const { done, value } = await contents.next()
    if (done) return value
    take(value)
  }
}

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
  const got = await driver.get(found.name)
  return got === undefined || got === 'same' ? undefined : (await firstLineIn(got)).line
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
