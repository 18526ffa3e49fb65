import { expect, test } from 'vitest'
import { createLedger } from '../../server/base/ledger.ts'

/** Takes one byte after another until there is no more room; how many that were. */
function fill(account: ReturnType<ReturnType<typeof createLedger>['open']>): number {
  let taken = 0
  while (account.take(1)) taken++
  return taken
}

test('what is kept is what was charged and not credited', () => {
  const ledger = createLedger(1000)
  const [one, other] = [ledger.open(), ledger.open()]
  expect(one.take(100)).toBe(true)
  other.charge(50)
  one.credit(30)
  expect(ledger.kept()).toBe(120)
  one.close()
  expect(ledger.kept()).toBe(50)
  one.charge(100)
  one.credit(100)
  expect(ledger.kept()).toBe(50)
})

test('nobody takes all: whoever comes next has room, however many keep as much as they can', () => {
  const ledger = createLedger(1_000_000)
  const shares = Array.from({ length: 10 }, () => fill(ledger.open()))
  expect(shares[0]).toBe(666_666)
  expect(shares[1]).toBe(222_222)
  expect(shares.every((share) => share > 0)).toBe(true)
  expect(ledger.kept()).toBeLessThan(1_000_000)
})

test('those who are behind are told before others are', () => {
  const ledger = createLedger(1000)
  const [greedy, modest] = [ledger.open(), ledger.open()]
  fill(greedy)
  expect(greedy.fits(1)).toBe(false)
  expect(modest.take(100)).toBe(true)
  expect(greedy.refusal(1).code).toBe('busy')
  greedy.close()
  expect(modest.take(500)).toBe(true)
})

test('what would never have room is too large, and not to be tried again', () => {
  expect(createLedger(1000).open().refusal(700)).toMatchObject({
    code: 'too_large',
    message: expect.stringContaining('MAX_WAITING_BYTES'),
  })
})

test('it tells when much has passed through', () => {
  let told = 0
  const account = createLedger(2 ** 30, () => void told++).open()
  for (let index = 0; index < 20; index++) {
    account.charge(2 ** 20)
    account.credit(2 ** 20)
  }
  expect(told).toBe(2)
})
