import { expect, test } from 'vitest'
import { createLedger } from '../../../server/base/ledger.ts'
import { createReading } from '../../../server/serve/ws/reading.ts'

function setUp(maxBytes = 2 ** 20) {
  const ledger = createLedger(maxBytes)
  return { ledger, reading: createReading(ledger.open()) }
}

test('what came of a message counts until it is whole', () => {
  const { ledger, reading } = setUp()
  reading.arrived(60_000)
  reading.arrived(60_000)
  expect(ledger.kept()).toBe(120_000)
  // The rest is the beginning of the next one.
  reading.whole(100_000)
  expect(reading.begun()).toBe(120_000 - 100_000 - 14)
  expect(ledger.kept()).toBe(reading.begun())
})

test('the heads of fragments do not add up', () => {
  const { ledger, reading } = setUp()
  for (let message = 0; message < 1000; message++) {
    for (let fragment = 0; fragment < 10; fragment++) reading.arrived(16)
    reading.whole(100)
  }
  expect(ledger.kept()).toBeLessThanOrEqual(16)
})

test('it says when there is no room', () => {
  const { reading } = setUp(1000)
  expect(reading.arrived(600)).toBe(true)
  expect(reading.arrived(100)).toBe(false)
})

test('a ping amid the fragments of a message takes none of them off', () => {
  const { ledger, reading } = setUp()
  for (let fragment = 1; fragment <= 5; fragment++) {
    reading.arrived(10_000)
    reading.arrived(10)
    reading.control(4)
    expect(reading.begun()).toBe(fragment * 10_000)
  }
  reading.whole(49_900)
  expect(ledger.kept()).toBeLessThanOrEqual(100)
})
