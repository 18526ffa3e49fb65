/** What is in the file of a fixture, and beside it, in order; what takes long lets everything else go first. */
import type { FileHandle } from 'node:fs/promises'
import type { AnswerRecord } from '../api/record.ts'
import { nextTurn } from '../base/clock.ts'
import { createFixtureReader } from '../fixture/file.ts'
import type { FixtureFacts, FixtureHeader } from '../fixture/fixture.ts'
import { openBeside } from './beside.ts'
import { linesOf, pathOf } from './disk.ts'

/** How much is read in one go, in characters or bytes: less than 5 ms. */
const PIECE = 1024 * 1024

/** Some records, and what stood before them. */
export interface Contents {
  readonly records: readonly AnswerRecord[]
  readonly header: FixtureHeader
}

/**
 * Reads a fixture of any size, and gives in the end what stands around its records.
 *
 * @param check called once the file is open
 * @throws DamageError
 */
export async function* contentsOf(
  dir: string,
  name: string,
  check?: (file: FileHandle) => Promise<void>,
): AsyncGenerator<Contents, FixtureFacts> {
  const beside = openBeside(dir, name)
  const reader = createFixtureReader(name, beside)
  try {
    for await (const lines of linesOf(pathOf(dir, name), name, check)) {
      let records: AnswerRecord[] = []
      let size = 0
      for (const line of lines) {
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
    return reader.end()
  } finally {
    beside.close()
  }
}

/** The same to the end. */
export async function readContents(
  dir: string,
  name: string,
  take: (contents: Contents) => void,
): Promise<FixtureFacts> {
  const contents = contentsOf(dir, name)
  for (;;) {
    const { done, value } = await contents.next()
    if (done) return value
    take(value)
  }
}
