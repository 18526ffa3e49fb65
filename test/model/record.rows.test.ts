/** What is written of a key that the model says, by row: nothing, however its deltas cut it. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventsIn } from '../../server/api/record.ts'
import { fresh } from '../../server/base/memo.ts'
import type { Model } from '../../server/model/model.ts'
import { type Redactor, createRedactor } from '../../server/redact/redactor.ts'
import { WAYS, type Way, callOfWay, recordsOf } from '../kit/rows.ts'
import { drain, openTestStore, recordInto, temporaryFolder } from '../kit/tools.ts'
import { shows } from '../redact/disguises.ts'
import { WORDS } from '../sdks/wires/wire.ts'

/** Begins in the first of the deltas that every wire sends, and ends in the last one. */
const KEY = 'is 21 °C in Paris'

const answering =
  ({ wire, framing }: Way): Model =>
  async () => ({
    head: { status: 200, headers: [['content-type', wire.type]], framing },
    records: recordsOf(wire.type, wire.tells).map((each) => fresh([each])),
  })

test.each(WAYS)('a key that came in several deltas is not written, nor a piece of it: $name', async (way) => {
  const dir = await temporaryFolder()
  const redactor = createRedactor({ 'api-key': KEY })
  const store = openTestStore(dir, redactor)
  const call = callOfWay(way)
  const { events, action } = await drain(recordInto(store, answering(way), { redactor }), call)
  const says = (of: typeof events) =>
    way.row
      .told(of)
      .pieces.map(({ text }) => text)
      .join('')
  // The client gets all of it.
  expect([says(events), action?.kind]).toEqual([WORDS.join(''), 'saved'])
  const fixture = await store.find(await store.identify(call))
  expect(says(eventsIn(fixture?.records ?? []))).toBe('It [redacted:api-key]. ☀️')
  const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')))
  expect(files).toHaveLength(1)
  for (const piece of [KEY, ...WORDS.slice(1, -1), 'in Paris']) {
    expect(
      files.filter((text) => shows(text, piece)),
      piece,
    ).toEqual([])
  }
})

test.each(WAYS)('an answer that was redacted only in half is not saved: $name', async (way) => {
  const dir = await temporaryFolder()
  const redactor = createRedactor({ 'api-key': KEY })
  const half: Redactor = {
    ...redactor,
    for: () => half,
    async records(came, row) {
      const written = await redactor.records(came, row)
      const first = written.findIndex((record, index) => record !== came[index])
      return written.map((record, index) => (index === first ? (came[index] ?? record) : record))
    },
  }
  const { action } = await drain(recordInto(openTestStore(dir), answering(way), { redactor: half }), callOfWay(way))
  expect(action).toMatchObject({
    kind: 'not_saved',
    why: expect.stringMatching(/^its redaction leaves a piece of a secret \(api-key\): /),
  })
  expect(await readdir(dir)).toEqual([])
})
