import { expect, test } from 'vitest'
import { ahead } from '../../server/store/ahead.ts'

async function gathered<T>(all: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of all) items.push(item)
  return items
}

const numbers = Array.from({ length: 100 }, (_, index) => index)

test('gives what work gives, in order, and has some under way at once', async () => {
  let [under, most] = [0, 0]
  const work = async (item: number) => {
    most = Math.max(most, ++under)
    // The later, the sooner it is done.
    for (let turns = 100 - item; turns > 0; turns--) await undefined
    under--
    return item * 2
  }
  expect(await gathered(ahead(numbers, work))).toEqual(numbers.map((item) => item * 2))
  expect(most).toBe(16)
  expect(await gathered(ahead([], work))).toEqual([])
})

test('what fails is told when its turn comes, and begins nothing more', async () => {
  const begun: number[] = []
  const given: number[] = []
  const work = async (item: number) => {
    begun.push(item)
    if (item >= 5) throw new Error(`no ${item}`)
    return item
  }
  const all = async () => {
    for await (const item of ahead(numbers, work)) given.push(item)
  }
  await expect(all()).rejects.toThrow('no 5')
  expect([given, begun.length]).toEqual([[0, 1, 2, 3, 4], 21])
})
