import { expect, test } from 'vitest'
import { shared } from '../../server/store/shared.ts'
import { settle } from '../kit/tools.ts'

test('is done once for all that asked before it began, and again for those who asked later', async () => {
  const runs: PromiseWithResolvers<number>[] = []
  const work = shared(() => {
    const run = Promise.withResolvers<number>()
    runs.push(run)
    return run.promise
  })
  const first = [work(), work()]
  await settle()
  const second = [work(), work(), work()]
  await settle()
  expect(runs).toHaveLength(1)
  runs[0]?.resolve(1)
  await settle()
  expect(runs).toHaveLength(2)
  runs[1]?.reject(new Error('no'))
  expect(await Promise.all(first)).toEqual([1, 1])
  expect((await Promise.allSettled(second)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'))
  const third = work()
  await settle()
  runs[2]?.resolve(3)
  expect(await third).toBe(3)
})
