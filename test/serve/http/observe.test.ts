/** What the journal is told of a call. */
import { expect, test } from 'vitest'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { createGlance, observe, subjectOf } from '../../../server/serve/http/observe.ts'
import { createHearing } from '../../../server/serve/hearing.ts'
import { systemClock } from '../../../server/base/clock.ts'
import { createJournal } from '../../../server/serve/journal.ts'
import { callOf } from '../../kit/calls.ts'
import { readableLog } from '../../kit/tools.ts'

const KEY = 'client-77aa88bb99cc'

test('the key of a client stands in no line, be it in the path or in the name of the client', () => {
  const { log, lines } = readableLog()
  const headers = [['authorization', `Bearer ${KEY}`]] as const
  const call = callOf({}, { path: `/own/${KEY}/send`, headers, credential: KEY })
  for (const caller of [undefined, { name: KEY, id: 1 }]) {
    const redactor = createRedactor()
    const journal = createJournal(log, 'live')
    const parts = { clock: systemClock, journal, log, redactor, glance: createGlance(), hearing: createHearing() }
    const named = { ...call, ...(caller && { caller }) }
    observe(named, subjectOf(named, redactor), parts, () => {}).ended(undefined)
  }
  expect(lines.join('\n')).not.toContain(KEY)
  expect(lines.join('\n')).toContain('/own/[redacted:api-key]/send')
  expect(lines.join('\n')).toContain('/@[redacted:api-key]/own/[redacted:api-key]/send')
})
