/** What finding fixtures costs: how often the disk is asked, and what is kept of it. */
import fs from 'node:fs'
import disk, { rm, utimes, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { formatFixture } from '../../../server/fixture/file.ts'
import { fileName } from '../../../server/fixture/key.ts'
import { callOf } from '../../kit/calls.ts'
import { openTestStore, settle, temporaryFolder } from '../../kit/tools.ts'
import { HI, answerOf, fixtureFor, setUp } from '../kit.ts'

const listings = vi.spyOn(disk, 'opendir')
/** Files that were opened to be read. */
const opened = vi.spyOn(fs, 'openSync')
// Now what others have imported of it by name is watched, too.
syncBuiltinESMExports()

afterAll(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

beforeEach(() => {
  for (const spy of [listings, opened]) spy.mockClear()
})

/** A call that nobody recorded. */
const NONE = { key: '0'.repeat(64), api: 'responses', request: HI }

/** A store for which no time passes: what it keeps does not grow old on a busy machine. */
const openStill = (dir: string) => openTestStore(dir, undefined, { ...systemClock, now: () => 0 })

/** So many fixtures, and the store that saved them. */
async function shelf(count: number) {
  const dir = await temporaryFolder()
  const store = openStill(dir)
  const fixtures = []
  for (let index = 0; index < count; index++) {
    const fixture = await fixtureFor(store, { ...HI, input: `Say ${index}` }, answerOf(`s${index}`))
    await store.save(fixture)
    fixtures.push(fixture)
  }
  // What is seen of a file is shared within one turn of the event loop.
  await settle()
  for (const spy of [listings, opened]) spy.mockClear()
  return { dir, store, fixtures }
}

describe('a fixture that was found', () => {
  test('is read once while it stays as it is, and is the very same each time', async () => {
    const { store, fixtures } = await shelf(3)
    const [fixture] = fixtures
    if (!fixture) return
    const first = await store.playback(fixture)
    await settle()
    expect(await store.playback(fixture)).toBe(first)
    expect(first?.parts()).toBe(first?.parts())
    expect([listings.mock.calls.length, opened.mock.calls.length]).toEqual([0, 1])
  })

  test('is read once for all who ask while it is read', async () => {
    const { store, fixtures } = await shelf(1)
    const [fixture] = fixtures
    if (!fixture) return
    const asked = Array.from({ length: 20 }, async (_, index) => {
      for (let turn = 0; turn < index; turn++) await settle()
      return store.playback(fixture)
    })
    expect(new Set(await Promise.all(asked)).size).toBe(1)
    expect(opened.mock.calls.length).toBe(1)
  })

  test('is read again when it has changed, and is gone when it is', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const first = await store.playback(fixture)
    const path = join(dir, fileName(fixture))
    await writeFile(path, formatFixture({ ...fixture, records: answerOf('two') }))
    await utimes(path, 1, 1)
    await settle()
    expect(await store.playback(fixture)).not.toBe(first)
    expect((await store.find(fixture))?.records).toEqual(answerOf('two'))
    await rm(path)
    await settle()
    expect(await store.find(fixture)).toBeUndefined()
    expect(await store.playback(fixture)).toBeUndefined()
  })

  test('is read once, too, when it has become too large for the memory, or small enough', async () => {
    const { store, fixtures } = await shelf(1)
    const [fixture] = fixtures
    if (!fixture) return
    await store.playback(fixture)
    const large = answerOf('large', 'x'.repeat(800_000))
    for (const records of [large, answerOf('small'), large]) {
      await store.save({ ...fixture, records })
      await settle()
      const playback = await store.playback(fixture)
      await settle()
      expect(await store.playback(fixture)).toBe(playback)
      expect(Array.isArray(playback?.parts())).toBe(records !== large)
    }
  })

  test('is found by its name: of the others nothing is read', async () => {
    const { dir, fixtures } = await shelf(20)
    const anew = openStill(dir)
    const [fixture] = fixtures.slice(7)
    expect(fixture && (await anew.playback(fixture))).toBeDefined()
    expect([listings.mock.calls.length, opened.mock.calls.length]).toEqual([0, 1])
  })
})

describe('a fixture that is not there', () => {
  test('costs a look at the directory, which is listed again only once it has changed, and no file is opened for it', async () => {
    const { store } = await shelf(20)
    expect(await store.playback(NONE)).toBeUndefined()
    expect(listings.mock.calls.length).toBeLessThanOrEqual(1)
    expect(opened).not.toHaveBeenCalled()
  })

  test('may stand in a file whose name says nothing: their first lines are read, once', async () => {
    const { dir, store, fixtures } = await shelf(1)
    const [fixture] = fixtures
    if (!fixture) return
    for (const name of ['a.jsonl', 'b.jsonl']) {
      await writeFile(join(dir, name), formatFixture(await fixtureFor(store, { ...HI, input: name })))
    }
    const asked = await fixtureFor(store, { ...HI, input: 'b.jsonl' })
    await settle()
    opened.mockClear()
    expect((await store.playback(asked))?.name).toBe('b.jsonl')
    await settle()
    expect(await store.playback(NONE)).toBeUndefined()
    // The first line of each, and all of the one that is played.
    expect(opened).toHaveBeenCalledTimes(3)
  })
})

describe('saving', () => {
  test('lists the directory no more than once, for new fixtures and for those that were there', async () => {
    const { store, fixtures } = await shelf(20)
    const [fixture] = fixtures
    if (!fixture) return
    await store.save({ ...fixture, records: answerOf('again') })
    await store.save(fixture)
    await store.save(await fixtureFor(store, { ...HI, input: 'new' }))
    expect(listings.mock.calls.length).toBeLessThanOrEqual(1)
  })

  test('of nothing new costs none, and writes nothing', async () => {
    const { store, fixtures } = await shelf(5)
    const [fixture] = fixtures
    if (!fixture) return
    expect(await store.save(fixture)).toEqual({ outcome: 'unchanged', name: expect.stringMatching(/^say-/) })
    // It is read to be compared.
    expect([listings.mock.calls.length, opened.mock.calls.length]).toEqual([0, 1])
  })

  test('of many at once costs no more', async () => {
    const { store, fixtures } = await shelf(10)
    await Promise.all(fixtures.map((fixture, index) => store.save({ ...fixture, records: answerOf(`new${index}`) })))
    expect(listings.mock.calls.length).toBeLessThanOrEqual(fixtures.length)
    for (const [index, fixture] of fixtures.entries()) {
      expect((await store.find(fixture))?.records).toEqual(answerOf(`new${index}`))
    }
  })
})

test('a survey reads the first lines of all, and once: the damaged are told by name', async () => {
  const { dir, store, fixtures } = await shelf(5)
  await writeFile(join(dir, 'damaged.jsonl'), 'damaged')
  const { candidates, damaged } = await store.survey()
  expect(candidates.map(({ name }) => name)).toEqual(fixtures.map(fileName).toSorted())
  expect(damaged).toEqual(['damaged.jsonl'])
})

test('what is asked of all fixtures is read once, that one is damaged, too; a listing is shared', async () => {
  const { dir, store, fixtures } = await shelf(5)
  await writeFile(join(dir, 'damaged.jsonl'), 'damaged')
  const anew = openStill(dir)
  expect(await anew.models()).toEqual(['m'])
  expect([listings.mock.calls.length, opened.mock.calls.length]).toEqual([1, fixtures.length + 1])
  await settle()
  for (const spy of [listings, opened]) spy.mockClear()
  const missed = await store.identify(callOf({ ...HI, input: 'never' }))
  await anew.models()
  const misses = await Promise.all(Array.from({ length: 10 }, () => anew.miss(missed)))
  expect(misses.map(({ message }) => message.includes('damaged.jsonl'))).toEqual(Array(10).fill(true))
  // Each names the nearest, and what differs.
  expect(opened).toHaveBeenCalledTimes(10)
  expect(listings.mock.calls.length).toBeLessThanOrEqual(2)
  await writeFile(join(dir, 'damaged.jsonl'), 'damaged otherwise')
  await settle()
  await anew.models()
  expect(opened).toHaveBeenCalledTimes(11)
})
