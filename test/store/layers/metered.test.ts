/** What is told of operations of an engine. */
import { expect, test } from 'vitest'
import { type Driver, type Operation, type Page, StoreError, wholeOf } from '../../../server/store/driver.ts'
import { metered } from '../../../server/store/layers/metered.ts'

/** A place in memory, each operation of which takes a millisecond more than the one before. */
function createEngine() {
  let now = 0
  let took = 0
  const work = async () => void (now += await Promise.resolve(++took))
  const kept = new Map<string, Uint8Array>()
  const engine: Driver = {
    place: 'memory://here',
    engine: 'memory',
    async check() {
      await work()
    },
    async get(name, { known } = {}) {
      await work()
      if (name === 'refused') throw new StoreError('store_refused', 'No.')
      const bytes = kept.get(name)
      if (!bytes) return undefined
      if (known === '1') return 'same'
      const body = async function* () {
        yield bytes
        if (name === 'cut') throw new StoreError('store_away', 'Gone.')
      }
      return { name, version: '1', bytes: bytes.length, body }
    },
    async put(name, bytes) {
      await work()
      kept.set(name, bytes)
      return '1'
    },
    async putIf(name, bytes, expected) {
      await work()
      if (expected === 'absent' && kept.has(name)) return undefined
      kept.set(name, bytes)
      return '1'
    },
    async *list(prefix = '') {
      for (const name of [...kept.keys()].filter((each) => each.startsWith(prefix))) {
        await work()
        yield { entries: [{ name }] }
      }
      if (prefix === 'cut') throw new TypeError('A mistake in the engine.')
    },
    async remove(name) {
      await work()
      return kept.delete(name)
    },
    async close() {},
  }
  const told: Operation[] = []
  const driver = metered(engine, (operation) => told.push(operation), { now: () => now })
  /** What was told since the last time. */
  const news = () => told.splice(0).map(({ operation, outcome }) => `${operation} ${outcome}`)
  return { driver, told, news, wait: (ms: number) => void (now += ms) }
}

const BYTES = Buffer.from('{"deltatape":2}\n')

test('each operation is told once, with what came of it and how long it took', async () => {
  const { driver, told } = createEngine()
  await driver.check({ write: true })
  await driver.get('a')
  await driver.put('a', BYTES)
  await driver.putIf('a', BYTES, 'absent')
  await driver.putIf('b', BYTES, 'absent')
  await driver.get('a', { known: '1' })
  await driver.remove('b')
  await driver.remove('b')
  await driver.remove('b', '1')
  const engine = 'memory'
  expect(told).toEqual([
    { engine, operation: 'check', outcome: 'done', ms: 1 },
    { engine, operation: 'get', outcome: 'absent', ms: 2 },
    { engine, operation: 'put', outcome: 'written', ms: 3 },
    { engine, operation: 'put', outcome: 'lost', ms: 4 },
    { engine, operation: 'put', outcome: 'written', ms: 5 },
    { engine, operation: 'get', outcome: 'same', ms: 6 },
    { engine, operation: 'remove', outcome: 'done', ms: 7 },
    { engine, operation: 'remove', outcome: 'absent', ms: 8 },
    { engine, operation: 'remove', outcome: 'lost', ms: 9 },
  ])
})

test('an operation that fails is told by its code, and fails', async () => {
  const { driver, news } = createEngine()
  await expect(driver.get('refused')).rejects.toThrow('No.')
  expect(news()).toEqual(['get store_refused'])
})

test('bytes come through, and those that break are told of a second time', async () => {
  const { driver, news } = createEngine()
  await driver.put('whole', BYTES)
  await driver.put('cut', BYTES)
  news()
  const [whole, cut] = [await driver.get('whole'), await driver.get('cut')]
  if (typeof whole !== 'object' || typeof cut !== 'object') throw new Error('Both are there.')
  expect(await wholeOf(whole)).toEqual(BYTES)
  expect(news()).toEqual(['get found', 'get found'])
  await expect(wholeOf(cut)).rejects.toThrow('Gone.')
  expect(news()).toEqual(['get store_away'])
})

test('of a listing each page is told, without the time that its reader takes', async () => {
  const { driver, told, news, wait } = createEngine()
  await driver.put('cut/a', BYTES)
  await driver.put('cut/b', BYTES)
  news()
  const pages: Page[] = []
  const read = async () => {
    for await (const page of driver.list('cut')) {
      pages.push(page)
      wait(1000)
    }
  }
  await expect(read()).rejects.toThrow('A mistake in the engine.')
  expect(pages.flatMap(({ entries }) => entries)).toEqual([{ name: 'cut/a' }, { name: 'cut/b' }])
  expect(told.map(({ outcome, ms }) => [outcome, ms])).toEqual([
    ['done', 3],
    ['done', 4],
    ['internal', 0],
  ])
})

test('a directory is left as it is', () => {
  const directory: Driver = { ...createEngine().driver, dir: 'fixtures' }
  expect(metered(directory, () => {}, { now: () => 0 })).toBe(directory)
})
