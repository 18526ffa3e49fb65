import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AnswerRecord, MAX_BATCH_CHARS, bytesOf, eventsIn, inParts, textOf } from '../../server/api/record.ts'
import { toRecords } from '../kit/calls.ts'

const wire = (text: string | Uint8Array): AnswerRecord => ({ at: 0, wire: text })

test('records are cut into parts of a bearable size, and none is lost', () => {
  const size = fc.integer({ min: 0, max: 2 * MAX_BATCH_CHARS })
  fc.assert(
    fc.property(fc.array(size, { maxLength: 12 }), (sizes) => {
      const records = sizes.map((length) => wire('x'.repeat(length)))
      const parts = [...inParts(records)]
      expect(parts.flat()).toEqual(records)
      for (const part of parts) {
        const length = part.reduce((sum, each) => sum + each.wire.length, 0)
        expect(part.length > 0 && (part.length === 1 || length <= MAX_BATCH_CHARS)).toBe(true)
      }
      // Two neighbours that fit together are never apart.
      for (const [index, part] of parts.slice(1).entries()) {
        const before = parts[index]?.reduce((sum, each) => sum + each.wire.length, 0) ?? 0
        expect(before + (part[0]?.wire.length ?? 0)).toBeGreaterThan(MAX_BATCH_CHARS)
      }
    }),
    { numRuns: 30 },
  )
})

test('small records are one part, which is the list of them', () => {
  const records = [wire('a'), wire(''), wire('b')]
  expect([...inParts(records)]).toEqual([records])
  expect([...inParts([])]).toEqual([])
})

test('the bytes of records are joined, of text and of bytes', () => {
  const bytes = Uint8Array.of(0xff, 0xfe)
  expect(bytesOf([wire('é'), wire(bytes), wire('👋')])).toEqual(
    Buffer.concat([Buffer.from('é'), bytes, Buffer.from('👋')]),
  )
  expect(bytesOf([wire('é'), wire('👋')]).toString()).toBe('é👋')
  expect(bytesOf([])).toHaveLength(0)
})

test('they are a text if all of them are', () => {
  expect(textOf([wire('a'), wire('b')])).toBe('ab')
  expect(textOf([])).toBe('')
  expect(textOf([wire('a'), wire(Uint8Array.of(0xff))])).toBeUndefined()
})

test('their events are those of the records that hold one', () => {
  const [event] = toRecords([{ type: 'a' }])
  expect(eventsIn([wire(': ping\n\n'), ...(event ? [event] : [])]).map(({ type }) => type)).toEqual(['a'])
})
