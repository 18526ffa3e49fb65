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
