/** Rows whose answers come in several framings say what went wrong in that of the answer. */
import { describe, expect, test } from 'vitest'
import type { FramingName } from '../../server/api/framing/index.ts'
import { createReader } from '../../server/api/framing/index.ts'
import { apiNamed } from '../../server/api/index.ts'
import { bytesOf, eventsIn } from '../../server/api/record.ts'
import { recordsOf } from '../kit/rows.ts'

const TROUBLE = { status: 500, message: 'Oh no', code: 'server_error' }

const CONTENT = Buffer.from('[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":"b","method":"ping"}]')

const call = { method: 'POST', path: '/mcp', query: '', headers: [], content: CONTENT }

const EVENT_STREAM = apiNamed('bedrock')
  .failing(TROUBLE, { sent: 0, last: undefined, framing: 'eventstream', isFailure: false })
  .map(({ wire }) => wire)

const STREAMS: readonly (readonly [FramingName, type: string, begun: readonly (string | Uint8Array)[]])[] = [
  ['sse', 'text/event-stream', ['data: {"a":1}\n\n']],
  ['lines', 'application/x-ndjson', ['{"a":1}\n']],
  ['array', 'application/json', ['[{"a":1}']],
  ['eventstream', 'application/vnd.amazon.eventstream', EVENT_STREAM],
]

describe.each(STREAMS)('within %s', (framing, type, begun) => {
  test.each(['any', 'openai', 'messages', 'mcp'])('%s says it in records of that', (name) => {
    for (const sent of [0, 1]) {
      const before = sent === 0 ? [] : begun
      const given = apiNamed(name).failing(TROUBLE, { call, sent, last: undefined, framing, isFailure: false })
      const records = recordsOf(type, [...before, bytesOf(given)])
      const events = eventsIn(records).slice(sent)
      expect(events.map(({ text }) => text)).toEqual(eventsIn(given).map(({ text }) => text))
      expect(events.map(({ text }) => text).join()).toContain('Oh no')
      expect(events).toHaveLength(name === 'mcp' ? 2 : 1)
      const reader = createReader([['content-type', type]])
      reader.read(bytesOf(records), 0)
      expect(reader.framing()).toBe(framing)
      if (framing === 'array') expect(() => JSON.parse(bytesOf(records).toString())).not.toThrow()
    }
  })
})
