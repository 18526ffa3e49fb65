import { expect, test } from 'vitest'
import { type Driver, type Got, type Page, wholeOf } from '../../../server/store/driver.ts'
import { fresh } from '../../../server/store/layers/fresh.ts'
import { away, inMemory, unreliable } from '../engine.ts'

const text = (words: string) => Buffer.from(words)

/** An engine, its content behind the back of who stands in front, and a clock that a test turns. */
function setUp({ forMs }: { readonly forMs: number }) {
  const inner = inMemory()
  const engine = unreliable(inner)
  const time = { now: 1000 }
  const driver = fresh(engine, { forMs, clock: { now: () => time.now } })
  return { inner, engine, driver, time }
}

const versionOf = (got: Got): string => {
  if (typeof got !== 'object') throw new Error(`There is no object, but ${got}.`)
  return got.version
}

const textOf = async (driver: Driver, name: string): Promise<string | undefined> => {
  const got = await driver.get(name)
  return typeof got === 'object' ? (await wholeOf(got)).toString() : got
}

async function namesIn(driver: Driver, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const { entries } of driver.list(prefix)) found.push(...entries.map(({ name }) => name))
  return found
}

test('what the engine said counts for its time, and not longer', async () => {
  const { inner, engine, driver, time } = setUp({ forMs: 5000 })
  await inner.put('a.jsonl', text('one'))
  const known = versionOf(await driver.get('a.jsonl'))
  await inner.put('a.jsonl', text('two'))
  time.now += 4999
  expect(driver.get('a.jsonl', { known })).toBe('same')
  expect(engine.asked).toEqual(['get a.jsonl'])
  time.now += 1
  const next = versionOf(await driver.get('a.jsonl', { known }))
  expect(next).not.toBe(known)
  expect(driver.get('a.jsonl', { known: next })).toBe('same')
  expect(engine.asked).toHaveLength(2)
})

test('that it is still the same counts anew; who knows another version, or none, is given what is there', async () => {
  const { inner, engine, driver, time } = setUp({ forMs: 5000 })
  const known = await inner.put('a.jsonl', text('one'))
  expect(await driver.get('a.jsonl', { known })).toBe('same')
  time.now += 4000
  expect(versionOf(await driver.get('a.jsonl', { known: 'another' }))).toBe(known)
  time.now += 4000
  expect(driver.get('a.jsonl', { known })).toBe('same')
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
  expect(engine.asked).toHaveLength(3)
})

test('that something was absent counts for a second at most', async () => {
  const { inner, engine, driver, time } = setUp({ forMs: 5000 })
  expect(await driver.get('a.jsonl')).toBeUndefined()
  await inner.put('a.jsonl', text('one'))
  time.now += 999
  expect(driver.get('a.jsonl')).toBeUndefined()
  expect(engine.asked).toEqual(['get a.jsonl'])
  time.now += 1
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
})

test('what is written and removed here is known at once', async () => {
  const { driver } = setUp({ forMs: 5000 })
  expect(await driver.get('a.jsonl')).toBeUndefined()
  const one = await driver.put('a.jsonl', text('one'))
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
  const two = await driver.putIf('a.jsonl', text('two'), { version: one })
  expect(await textOf(driver, 'a.jsonl')).toBe('two')
  expect(await driver.putIf('a.jsonl', text('three'), { version: one })).toBeUndefined()
  expect(await driver.get('a.jsonl', { known: two })).toBe('same')
  expect(await driver.remove('a.jsonl', two)).toBe(true)
  expect(await driver.get('a.jsonl', { known: two })).toBeUndefined()
})

test('what was asked before a write says nothing of what is there after it', async () => {
  const { driver, engine } = setUp({ forMs: 5000 })
  const release = engine.hold()
  const before = driver.get('a.jsonl')
  const written = driver.put('a.jsonl', text('one'))
  release()
  await Promise.all([before, written])
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
})

test.each([0, 5000])('lookups at one time share a request, who comes meanwhile the next (%i ms)', async (forMs) => {
  const { inner, engine, driver } = setUp({ forMs })
  await inner.put('a.jsonl', text('one'))
  const release = engine.hold()
  const first = [driver.get('a.jsonl'), driver.get('a.jsonl')]
  await expect.poll(() => engine.asked).toHaveLength(1)
  const later = Array.from({ length: 20 }, () => driver.get('a.jsonl'))
  const two = await inner.put('a.jsonl', text('two'))
  release()
  await Promise.all(first)
  for (const got of await Promise.all(later)) expect(versionOf(got)).toBe(two)
  expect(engine.asked).toHaveLength(2)
})

test('with 0 the engine is asked each time', async () => {
  const { inner, engine, driver } = setUp({ forMs: 0 })
  const known = await inner.put('a.jsonl', text('one'))
  for (let time = 0; time < 3; time++) expect(await driver.get('a.jsonl', { known })).toBe('same')
  expect(await driver.get('b.jsonl')).toBeUndefined()
  await inner.put('b.jsonl', text('one'))
  expect(await textOf(driver, 'b.jsonl')).toBe('one')
  expect(engine.asked).toHaveLength(5)
})

test('an engine that is away is told to each who asks, and says nothing of what is there', async () => {
  const { inner, engine, driver } = setUp({ forMs: 5000 })
  await inner.put('a.jsonl', text('one'))
  engine.trouble = away()
  const asked = [driver.get('a.jsonl'), driver.get('a.jsonl'), driver.put('a.jsonl', text('two'))]
  for (const each of asked) await expect(each).rejects.toMatchObject({ code: 'store_away' })
  engine.trouble = undefined
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
})

test('a short listing counts as long, an empty one for a second; a long one is asked for each time', async () => {
  const { inner, engine, driver, time } = setUp({ forMs: 5000 })
  expect(await namesIn(driver, '.index/a/')).toEqual([])
  await inner.put('.index/a/1', text(''))
  time.now += 999
  expect(await namesIn(driver, '.index/a/')).toEqual([])
  time.now += 1
  expect(await namesIn(driver, '.index/a/')).toEqual(['.index/a/1'])
  await inner.put('.index/a/2', text(''))
  time.now += 4999
  expect(await namesIn(driver, '.index/a/')).toEqual(['.index/a/1'])
  expect(engine.asked).toHaveLength(2)
  // What is written here is known at once.
  await driver.put('.index/a/3', text(''))
  expect(await namesIn(driver, '.index/a/')).toEqual(['.index/a/1', '.index/a/2', '.index/a/3'])
  for (let index = 0; index < 9; index++) await inner.put(`b-${index}.jsonl`, text(''))
  engine.asked.length = 0
  expect([await namesIn(driver, 'b-'), await namesIn(driver, 'b-')].map(({ length }) => length)).toEqual([9, 9])
  expect(engine.asked).toHaveLength(2)
})

test('what was asked before a write says nothing of what is there after it', async () => {
  const inner = inMemory()
  const [looked, written] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow: Driver = {
    ...inner,
    async get(name, options) {
      const got = await inner.get(name, options)
      looked.resolve()
      await written.promise
      return got
    },
  }
  const driver = fresh(slow, { forMs: 5000, clock: { now: () => 1000 } })
  const asked = driver.get('a.jsonl')
  await looked.promise
  await driver.put('a.jsonl', text('one'))
  written.resolve()
  expect(await asked).toBeUndefined()
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
})

test('what was listed before a write says nothing of what is there after it', async () => {
  const inner = inMemory()
  const slow: Driver = {
    ...inner,
    async *list(...args) {
      const pages: Page[] = []
      for await (const page of inner.list(...args)) pages.push(page)
      await driver.put('.index/a', text(''))
      yield* pages
    },
  }
  const driver = fresh(slow, { forMs: 5000, clock: { now: () => 1000 } })
  expect(await namesIn(driver, '.index/')).toEqual([])
  expect(await namesIn(driver, '.index/')).toEqual(['.index/a'])
})

test('an answer counts from the question, however long the engine took', async () => {
  const { inner, engine, driver, time } = setUp({ forMs: 5000 })
  const known = await inner.put('a.jsonl', text('one'))
  const release = engine.hold()
  const asked = driver.get('a.jsonl', { known })
  await expect.poll(() => engine.asked).toHaveLength(1)
  time.now += 4000
  release()
  expect(await asked).toBe('same')
  time.now += 999
  expect(driver.get('a.jsonl', { known })).toBe('same')
  time.now += 1
  await driver.get('a.jsonl', { known })
  expect(engine.asked).toHaveLength(2)
})
