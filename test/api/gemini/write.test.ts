import { expect, test } from 'vitest'
import { bytesOf, eventsIn } from '../../../server/api/record.ts'
import { objectsIn } from '../../../server/api/told.ts'
import { parseJson } from '../../../server/base/json.ts'
import { SAID, draftFor } from '../../kit/written.ts'

test('a stream has the line ends of the API, and says in its last event why it ended', () => {
  const { records } = draftFor('gemini, streamed', SAID['a text'] ?? [])
  expect(records.every(({ wire }) => /^data: \{.*\}\r\n\r\n$/.test(String(wire)))).toBe(true)
  const reasons = eventsIn(records).map(({ body }) => objectsIn(body.candidates)[0]?.finishReason)
  expect(reasons).toEqual(reasons.map((_reason, index) => (index === reasons.length - 1 ? 'STOP' : undefined)))
})

test('an array is one JSON value', () => {
  const { records } = draftFor('gemini, as an array', SAID['two tools'] ?? [])
  expect(parseJson(bytesOf(records).toString())).toHaveLength(2)
})

test.each([
  ['a text and a tool', 'STOP'],
  ['a refusal', 'SAFETY'],
  ['a text that is cut short', 'MAX_TOKENS'],
])('%s ends for the reason %s', (said, reason) => {
  const body = bytesOf(draftFor('gemini, in one piece', SAID[said] ?? []).records).toString()
  expect(body).toContain(`"finishReason": "${reason}"`)
})

test('as many candidates come as were asked for', () => {
  const { records } = draftFor('gemini, streamed', SAID['a text'] ?? [], { generationConfig: { candidateCount: 3 } })
  expect(eventsIn(records).map(({ body }) => objectsIn(body.candidates).length)).toEqual(records.map(() => 3))
})
