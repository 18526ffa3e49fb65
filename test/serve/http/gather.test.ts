import { expect, test } from 'vitest'
import { createGathering } from '../../../server/serve/http/gather.ts'

test('one piece is not copied', () => {
  const piece = Buffer.from('all of it')
  const gathering = createGathering()
  gathering.add(piece)
  expect(gathering.whole()).toBe(piece)
})

test.each([[[0]], [[3, 5, 7]], [[65_536, 65_536, 300_000, 1, 1_000_000]]])('pieces of %j bytes are one', (sizes) => {
  const pieces = sizes.map((size, index) => Buffer.alloc(size, 65 + index))
  const gathering = createGathering()
  for (const piece of pieces) gathering.add(piece)
  expect(Buffer.compare(gathering.whole(), Buffer.concat(pieces))).toBe(0)
})

test('without a piece there is nothing', () => {
  expect(createGathering().whole().byteLength).toBe(0)
})
