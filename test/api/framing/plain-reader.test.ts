import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPlainReader } from '../../../server/api/framing/plain-reader.ts'
import { bytesOf } from '../../../server/api/record.ts'

test('loses no byte, and cuts text between characters alone', () => {
  const piece = fc.oneof(fc.string({ unit: 'grapheme' }).map(Buffer.from), fc.uint8Array({ maxLength: 6 }))
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(60)), (pieces, cuts) => {
      const body = Buffer.concat(pieces)
      const edges = [0, ...cuts.filter((cut) => cut < body.length).toSorted((a, b) => a - b), body.length]
      const reader = createPlainReader()
      const records = edges.slice(1).flatMap((edge, index) => reader.read(body.slice(edges[index], edge), index))
      const all = [...records, ...reader.end(edges.length, true)]
      expect(bytesOf(all).equals(body)).toBe(true)
      if (Buffer.from(body.toString()).equals(body)) {
        expect(all.filter(({ wire }) => typeof wire !== 'string' || !wire.isWellFormed())).toEqual([])
      }
    }),
    { numRuns: 500 },
  )
})

test('one record for each piece that arrives, whose last character waits until it is whole', () => {
  const reader = createPlainReader()
  const [a, wave] = [Buffer.from('a'), Buffer.from('👋')]
  expect(reader.read(Buffer.concat([a, wave.subarray(0, 3)]), 1)).toEqual([{ at: 1, wire: 'a' }])
  expect(reader.read(wave.subarray(3), 2)).toEqual([{ at: 2, wire: '👋' }])
  expect(reader.read(wave.subarray(0, 1), 3)).toEqual([])
  expect(reader.read(a, 4)).toEqual([{ at: 4, wire: new Uint8Array([0xf0, 0x61]) }])
  expect(reader.read(Buffer.from([0xff, 0xc3]), 5)).toEqual([{ at: 5, wire: new Uint8Array([0xff, 0xc3]) }])
  expect(reader.read(wave.subarray(0, 2), 6)).toEqual([])
  expect(reader.end(7, true)).toEqual([{ at: 7, wire: new Uint8Array(wave.subarray(0, 2)) }])
  expect(reader.end(8, true)).toEqual([])
})
