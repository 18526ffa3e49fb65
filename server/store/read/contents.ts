/** What is in a fixture, and beside it, in order; what takes long lets everything else go first. */
import type { AnswerRecord } from '../../api/record.ts'
import { nextTurn } from '../../base/clock.ts'
import { createFixtureReader } from '../../fixture/file.ts'
import type { FixtureFacts, FixtureHeader } from '../../fixture/fixture.ts'
import { openBeside } from './beside.ts'
import type { Driver, Found } from '../driver.ts'
import { linesIn } from '../lines.ts'

/** How much is read in one go, in characters or bytes: less than 5 ms. */
const PIECE = 1024 * 1024

/** Some records, and what stood before them. */
export interface Contents {
  readonly records: readonly AnswerRecord[]
  readonly header: FixtureHeader
}

/** What stands around the records, and what was read beside the fixture. */
export interface Surroundings {
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
export async function* contentsOf(driver: Driver, found: Found): AsyncGenerator<Contents, Surroundings> {
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
export async function readContents(
  driver: Driver,
  found: Found,
  take: (contents: Contents) => void,
): Promise<Surroundings> {
  const contents = contentsOf(driver, found)
  for (;;) {
    const { done, value } = await contents.next()
    if (done) return value
    take(value)
  }
}
