/** A secret that redaction left half of is seen in what the answer says, whichever API says it. */
import { expect, test } from 'vitest'
import { eventsIn } from '../../server/api/record.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import { brokenOffIn } from '../../server/redact/left.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { WAYS, recordsOf } from '../kit/rows.ts'

/** Begins in the first of the deltas that every wire sends, and ends in the last one. */
const KEY = 'is 21 °C in Paris'

const redactor = createRedactor({ 'api-key': KEY })

test.each(WAYS)('$name', async ({ row, wire }) => {
  const came = recordsOf(wire.type, wire.tells)
  const written = await redactor.records(came, row)
  const kinds = (records: readonly AnswerRecord[]) => [
    ...new Set(redactor.left(came, records, row).map(({ kind }) => kind)),
  ]
  expect(kinds(written)).toEqual([])
  expect(kinds(came)).toEqual(['api-key'])
  // Each event in turn is as it came.
  const changed = came.flatMap((record, index) => (record === written[index] ? [] : [index]))
  const told = row.told(row.events(came)).pieces.map(({ event }) => event)
  for (const index of changed) {
    const half = written.map((record, each) => (each === index ? (came[each] ?? record) : record))
    const says = told.includes(eventsIn(came.slice(0, index)).length)
    if (says) expect(kinds(half), `record ${index}`).toEqual(['api-key'])
  }
  expect(brokenOffIn(row.events(written), row)).toEqual([])
})

test.each(WAYS)('a text that goes on right behind what was taken out is seen: $name', async ({ row, wire }) => {
  // The rest of a word follows, in the last of the deltas.
  const cut = createRedactor({ 'api-key': KEY.slice(0, -4) })
  const written = await cut.records(recordsOf(wire.type, wire.tells), row)
  expect(brokenOffIn(row.events(written), row).map(({ kind }) => kind)).toEqual(['api-key'])
})
