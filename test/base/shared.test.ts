import { expect, test } from 'vitest'
import { createOrder, shared } from '../../server/base/shared.ts'
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

test('work with one name is done in order, whatever fails; other names do not wait for it', async () => {
  const inOrder = createOrder()
  const gate = Promise.withResolvers<void>()
  const done: string[] = []
  const work = (name: string, what: string, after?: Promise<void>) =>
    inOrder(name, async () => {
      await after
      done.push(what)
      if (what === 'fails') throw new Error(what)
      return what
    })
  const first = work('a', 'fails', gate.promise)
  const second = work('a', 'second')
  expect(await work('b', 'other')).toBe('other')
  gate.resolve()
  await expect(first).rejects.toThrow('fails')
  expect(await second).toBe('second')
  expect(done).toEqual(['other', 'fails', 'second'])
})
