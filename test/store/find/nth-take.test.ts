/** Which of several takes is played: the n-th that there is, or the last. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Identity } from '../../../server/fixture/key.ts'
import { numbered } from '../../../server/fixture/take.ts'
import { systemClock } from '../../../server/base/clock.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { openStore } from '../../../server/store/store.ts'
import { openTestDirectory, openTestStore } from '../../kit/tools.ts'
import { inMemory } from '../engine.ts'
import { HI, answerOf, fixtureFor, setUp } from '../kit.ts'

async function withTakes(...takes: readonly number[]) {
  const { dir, store } = await setUp()
  const asked = await fixtureFor(store, HI)
  const { key } = asked
  const save = async (take: number, into = store) =>
    into.save(await fixtureFor(into, HI, answerOf(`r${take}`, `take ${take}`), numbered(take)))
  for (const take of takes) await save(take)
  return { dir, key, asked, store, save }
}

const numbers = async (store: Awaited<ReturnType<typeof setUp>>['store'], asked: Identity, upTo = 4) => {
  const found = []
  for (let nth = 1; nth <= upTo; nth++) found.push((await store.playback(asked, nth))?.take ?? 1)
  return found
}

test('takes are files beside each other, each in the place of its own alone', async () => {
  const { dir, save } = await withTakes(1, 2, 3)
  expect(await readdir(dir)).toEqual([
    expect.stringMatching(/^say-hi-[0-9a-f]{12}\.2\.jsonl$/),
    expect.stringMatching(/\.3\.jsonl$/),
    expect.stringMatching(/^say-hi-[0-9a-f]{12}\.jsonl$/),
  ])
  expect(await save(2)).toEqual({ outcome: 'unchanged', name: expect.stringMatching(/^say-/) })
  expect(await readdir(dir)).toHaveLength(3)
})

test('the n-th is given, and then the last', async () => {
  const { dir, key, asked, store } = await withTakes(1, 2, 3)
  expect(await numbers(store, asked, 5)).toEqual([1, 2, 3, 3, 3])
  expect(await numbers(openTestStore(dir), asked, 5)).toEqual([1, 2, 3, 3, 3])
  expect((await store.find(asked))?.take).toBeUndefined()
  expect((await store.find(asked, 3))?.take).toBe(3)
  expect(await store.find(asked, 4)).toBeUndefined()
  expect(store.hasTakes(key)).toBe(true)
})

test.each([
  [
    [1, 3, 4],
    [1, 3, 4, 4],
  ],
  [
    [2, 3],
    [2, 3, 3, 3],
  ],
  [[5], [5, 5, 5, 5]],
  [[1], [1, 1, 1, 1]],
])('of the takes %j come %j', async (takes, given) => {
  const { dir, asked } = await withTakes(...takes)
  expect(await numbers(openTestStore(dir), asked)).toEqual(given)
})

describe('while another process works on the same folder', () => {
  test('a take that it adds is found, and one that it takes away is not given', async () => {
    const { dir, asked, save } = await withTakes(1)
    let time = 0
    const clock = { ...systemClock, now: () => time }
    const store = openStore({ driver: openTestDirectory(dir), redactor: createRedactor(), clock })
    expect(await numbers(store, asked)).toEqual([1, 1, 1, 1])
    const other = openTestStore(dir)
    await save(2, other)
    await save(3, other)
    time += 1000
    expect(await numbers(store, asked)).toEqual([1, 2, 3, 3])
    for (const name of await readdir(dir)) if (name.includes('.3.')) await rm(join(dir, name))
    await new Promise(setImmediate)
    expect(await numbers(store, asked)).toEqual([1, 2, 2, 2])
  })
})

test('further takes stand beside the first, wherever that was put', async () => {
  const { dir, asked, save } = await withTakes(1)
  const [name = ''] = await readdir(dir)
  await mkdir(join(dir, 'sub'))
  await rename(join(dir, name), join(dir, 'sub', name))
  const store = openTestStore(dir)
  await save(2, store)
  expect(await readdir(join(dir, 'sub'))).toHaveLength(2)
  expect(await numbers(store, asked)).toEqual([1, 2, 2, 2])
})

test('a take that is damaged is no miss, and no other take', async () => {
  const { dir, asked } = await withTakes(1, 2)
  for (const name of await readdir(dir)) if (name.includes('.2.')) await writeFile(join(dir, name), '{')
  const store = openTestStore(dir)
  expect((await store.playback(asked, 1))?.take).toBeUndefined()
  await expect(store.playback(asked, 2)).rejects.toMatchObject({ code: 'fixture_invalid' })
})

test('a take under the name of another is none', async () => {
  const { dir, asked } = await withTakes(1, 3)
  for (const name of await readdir(dir)) await rename(join(dir, name), join(dir, name.replace('.3.', '.2.')))
  expect(await numbers(openTestStore(dir), asked)).toEqual([1, 1, 1, 1])
})

test('on an engine, too, it is known of a failure that others come after it', async () => {
  const driver = inMemory()
  const open = () => openStore({ driver, redactor: createRedactor(), clock: systemClock })
  const before = open()
  const asked = await fixtureFor(before, HI, answerOf('f').slice(0, 3), { ending: { end: 'reset' } })
  await before.save(asked)
  await before.save(await fixtureFor(before, HI, answerOf('r'), { take: 2 }))
  const store = open()
  expect((await store.playback(asked, 1))?.isGood).toBe(false)
  expect(store.hasTakes(asked.key)).toBe(true)
})

test('a failure stands in the place of a good take only if it is meant', async () => {
  const { store, asked } = await withTakes(1, 2)
  const failure = await fixtureFor(store, HI, answerOf('f').slice(0, 3), { take: 2, ending: { end: 'reset' } })
  expect(await store.save(failure)).toEqual({ outcome: 'kept', name: expect.stringMatching(/\.2\.jsonl$/) })
  expect((await store.save(failure, true)).outcome).toBe('saved')
  expect((await store.find(asked, 2))?.ending.end).toBe('reset')
})
