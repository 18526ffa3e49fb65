import { expect, test } from 'vitest'
import { createTapes } from '../../server/model/tape.ts'

const record = (chars: number) => ({ at: 1, wire: 'x'.repeat(chars) })

test('all open tapes together have so much room, and what finds none keeps nothing', () => {
  const tapes = createTapes(10_000)
  const [one, two] = [tapes.open(), tapes.open()]
  one.add([record(4000)])
  two.add([record(4000)])
  two.add([record(4000)])
  expect([one.isFull, one.records.length]).toEqual([false, 1])
  expect([two.isFull, two.records.length]).toEqual([true, 0])
  // What was dropped takes no room any more, and gets none.
  one.add([record(4000)])
  two.add([record(1)])
  expect([one.records.length, two.records.length]).toEqual([2, 0])
})

test('a closed tape gives its room back, once', () => {
  const tapes = createTapes(10_000)
  for (let turn = 0; turn < 5; turn++) {
    const tape = tapes.open()
    tape.add([record(8000)])
    expect(tape.isFull).toBe(false)
    tape.close()
    tape.close()
  }
})

test('many small records take more than their text', () => {
  const tape = createTapes(10_000).open()
  for (let count = 0; count < 100; count++) tape.add([record(1)])
  expect(tape.isFull).toBe(true)
})
