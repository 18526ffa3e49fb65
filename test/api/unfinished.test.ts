/** Which answers say that what was asked about goes on. */
import { expect, test } from 'vitest'
import { isUnfinished } from '../../server/api/unfinished.ts'

const says = (body: unknown, status = 200) => isUnfinished(status, [{ at: 0, wire: JSON.stringify(body) }])

test.each([
  { status: 'in_progress' },
  { status: 'queued' },
  { status: 'InProgress' },
  { state: 'PROCESSING' },
  { processing_status: 'in_progress' },
  { metadata: { state: 'BATCH_STATE_RUNNING' } },
  { done: false },
])('%j goes on', (body) => {
  expect(says(body)).toBe(true)
})

test.each([
  { status: 'completed' },
  { status: 'incomplete' },
  { status: 'failed' },
  { state: 'ACTIVE' },
  { done: true },
  { status: 7 },
  { object: 'list', data: [{ status: 'in_progress' }] },
  [],
  'running',
])('%j does not', (body) => {
  expect(says(body)).toBe(false)
})

test('what was only accepted goes on; what is no JSON, or long, says nothing', () => {
  expect(says({}, 202)).toBe(true)
  expect(isUnfinished(200, [{ at: 0, wire: Buffer.from([0xff]) }])).toBe(false)
  expect(says({ status: 'queued', text: 'x'.repeat(300_000) })).toBe(false)
})
