import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventstream } from '../../../server/api/framing/eventstream.ts'
import { rewritten } from '../../../server/api/framing/index.ts'
import { type AnswerRecord, bytesOf } from '../../../server/api/record.ts'

const HEADERS = { ':event-type': 'x', flag: true, n: { int: -7 }, big: { long: '-9' }, id: { uuid: '00'.repeat(16) } }

const message = (text: string): AnswerRecord => {
  const record = eventstream.carrier?.carry(text, { headers: HEADERS }, 0, { eol: '\n' })
  if (typeof record !== 'object') throw new Error('no message')
  return record
}

test('gives the same records however the bytes are cut, and loses none after what is no message', () => {
  const body = bytesOf([message('{"a":1}'), message('{"b":"é"}'), { at: 0, wire: 'no message at all' }])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: body.length }), fc.nat(body.length), (size, end) => {
      const reader = eventstream.reader()
      const records: AnswerRecord[] = []
      for (let at = 0; at < end; at += size)
        records.push(...reader.read(body.subarray(at, Math.min(end, at + size)), 0))
      records.push(...reader.end(0, true))
      expect(bytesOf(records).equals(body.subarray(0, end))).toBe(true)
      if (end === body.length)
        expect(records.flatMap(({ event }) => event?.text ?? [])).toEqual(['{"a":1}', '{"b":"é"}'])
    }),
  )
})

test('a message with a wrong checksum means nothing; one with another text has lengths and checksums of its own', () => {
  const bytes = bytesOf([message('{"a":1}')])
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  expect(eventstream.carrier?.parse(bytes, 0, true).event).toBeUndefined()
  const other = rewritten(message('{"a":1}'), '{"a":"longer"}', (text) => text)
  expect(other).toEqual(message('{"a":"longer"}'))
})

const same = (text: string) => text

const STYLE = { eol: '\n' } as const

/** A message whose payload carries some bytes, as Invoke of Bedrock sends them. */
function chunk(bytes: Uint8Array | string, name = 'chunk'): AnswerRecord {
  const payload = JSON.stringify({ bytes: Buffer.from(bytes).toString('base64'), p: 'abc' })
  const headers = { ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' }
  const record = eventstream.carrier.carry(payload, { headers }, 3, STYLE)
  if (typeof record !== 'object') throw new Error('no message')
  return record
}

test('JSON that a payload carries in base64 is the event, and can be read and replaced', () => {
  const record = chunk('{"type":"delta","text":"é👋"}')
  expect(record.event).toMatchObject({ at: 3, type: 'delta', name: 'chunk', text: '{"type":"delta","text":"é👋"}' })
  const { text = '', said = {} } = eventstream.carrier.describe(record, STYLE) ?? {}
  expect([text, said]).toEqual([
    '{"type":"delta","text":"é👋"}',
    {
      headers: { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
      payload: { bytes: '', p: 'abc' },
    },
  ])
  expect(eventstream.carrier.carry(text, said, 3, STYLE)).toEqual(record)
  expect(rewritten(record, '{"type":"delta","text":""}', same)).toEqual(chunk('{"type":"delta","text":""}'))
  expect(rewritten(record, text, same)).toBe(record)
  expect(eventstream.carrier.carry(text, { ...said, payload: 'x' }, 3, STYLE)).toBe('"payload" is no object')
})

test.each([
  ['text', 'Hello'],
  ['a list', '[1]'],
  ['bytes', Uint8Array.of(0xff, 0xfe)],
  ['what is nested too deep', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`],
  ['nothing', ''],
])('a payload that carries %s is an event itself', (_what, bytes) => {
  const record = chunk(bytes)
  expect(record.event?.body).toEqual({ bytes: Buffer.from(bytes).toString('base64'), p: 'abc' })
  const { text = '', said = {} } = eventstream.carrier.describe(record, STYLE) ?? {}
  expect(eventstream.carrier.carry(text, said, 3, STYLE)).toEqual(record)
})

test('base64 that would not come back the same carries nothing', () => {
  const payload = '{"bytes":"eyJhIjoxfQ"}'
  const record = eventstream.carrier.carry(payload, { headers: {} }, 0, STYLE)
  expect(record).toMatchObject({ event: { text: payload } })
})

test('what is no JSON is put into a message as it is, so that nobody can read it', () => {
  const { said = {} } = eventstream.carrier.describe(chunk('{"a":1}'), STYLE) ?? {}
  expect(eventstream.carrier.carry('{"a":', said, 0, STYLE)).toMatchObject({ data: '{"a":' })
})
