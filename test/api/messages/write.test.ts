import { expect, test } from 'vitest'
import { bytesOf, eventsIn } from '../../../server/api/record.ts'
import type { Item } from '../../../server/api/said.ts'
import { objectOf } from '../../../server/api/told.ts'
import { parseObject } from '../../../server/base/json.ts'
import { SAID, draftFor } from '../../kit/written.ts'

const wholeOf = (items: readonly Item[]) =>
  parseObject(bytesOf(draftFor('messages, in one piece', items).records).toString()) ?? {}

test('a stream has the events of the API, each named', () => {
  const { records } = draftFor('messages, streamed', [
    { type: 'reasoning', text: 'Hm.' },
    { type: 'text', text: 'Hi.' },
    { type: 'tool', name: 'now', arguments: '{}' },
  ])
  const events = eventsIn(records)
  expect(events.map(({ name }) => name)).toEqual(events.map(({ type }) => type))
  const deltas = events.map(({ type, body }) => (type === 'content_block_delta' ? objectOf(body.delta).type : type))
  expect(deltas).toEqual([
    'message_start',
    'content_block_start',
    'ping',
    'thinking_delta',
    'signature_delta',
    'content_block_stop',
    'content_block_start',
    'text_delta',
    'content_block_stop',
    'content_block_start',
    'input_json_delta',
    'input_json_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
})

test.each([
  ['a text', 'end_turn'],
  ['a text and a tool', 'tool_use'],
  ['a refusal', 'refusal'],
  ['a text that is cut short', 'max_tokens'],
])('%s stops for the reason %s', (said, reason) => {
  const items = SAID[said] ?? []
  expect(wholeOf(items).stop_reason).toBe(reason)
  const [delta] = eventsIn(draftFor('messages, streamed', items).records).filter(({ type }) => type === 'message_delta')
  expect(objectOf(delta?.body.delta).stop_reason).toBe(reason)
})
