import { describe, expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { createPieces, sortInPieces } from '../../server/store/pieces.ts'

test('work goes on in one go while it is short, and gives the turn away when it has been long', async () => {
  let time = 0
  const pause = createPieces({ now: () => time })
  expect(pause()).toBeUndefined()
  time += 4
  const turn = pause()
  expect(turn).toBeInstanceOf(Promise)
  await turn
  expect(pause()).toBeUndefined()
})

describe('sorting in pieces', () => {
  test.each([0, 1, 2, 999, 1000, 1001, 5003])('sorts %d texts as Node does', async (count) => {
    const texts = Array.from({ length: count }, (_, index) => `${(index * 7919) % 1009} ${index % 3 ? 'é' : '👋'}`)
    expect(await sortInPieces(texts, systemClock)).toEqual(texts.toSorted())
  })
})
