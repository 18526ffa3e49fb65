/** Fixtures and what stands beside them, as files. */
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { any } from '../../../server/api/any.ts'
import { bytesOf } from '../../../server/api/record.ts'
import { bodyHash } from '../../../server/fixture/file.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import { besideName, openBeside, writeFixture } from '../../../server/store/read/beside.ts'
import type { Driver } from '../../../server/store/driver.ts'
import type { Store } from '../../../server/store/store.ts'
import { callOf } from '../../kit/calls.ts'
import { openTestDirectory, openTestStore, temporaryFolder } from '../../kit/tools.ts'
import { fixtureFor, setUp } from '../kit.ts'

const SOUND = { status: 200, headers: [['content-type', 'audio/mpeg']], framing: 'text' } as const

/** Some 1.8 MB in pieces. */
const soundOf = (seed: number) =>
  Array.from({ length: 30 }, (_, piece) => ({
    at: piece,
    wire: Uint8Array.from({ length: 60_000 }, (_byte, index) => (index * seed + piece) % 256),
  }))

const SPEAK = callOf({ input: 'Speak' }, { api: any, path: '/v1/speak' })

const fixtureOf = (store: Store, seed: number, more: Partial<Fixture> = {}) =>
  fixtureFor(store, SPEAK, soundOf(seed), { response: SOUND, ...more })

async function played(store: Store, fixture: Fixture): Promise<string> {
  const playback = await store.playback(fixture)
  const records = []
  for await (const { items } of playback?.parts() ?? []) records.push(...items)
  return bodyHash(records)
}

async function saved(seed = 3) {
  const { dir, store } = await setUp()
  const fixture = await fixtureOf(store, seed)
  await store.save(fixture)
  const [bin = '', name = ''] = (await readdir(dir)).toSorted()
  return { dir, store, fixture, bin, name }
}

test('a large body stands beside its fixture, and is read back to the byte', async () => {
  const { dir, store, fixture, bin, name } = await saved()
  expect([bin, await store.list()]).toEqual([besideName(name), [name]])
  expect((await readFile(join(dir, bin))).equals(bytesOf(fixture.records))).toBe(true)
  expect(await played(store, fixture)).toBe(bodyHash(fixture.records))
  expect((await store.find(fixture))?.records).toHaveLength(30)
  expect(await store.listBeside()).toEqual([bin])
})

test('a recording of other bytes takes its place, and one of few bytes removes it', async () => {
  const { dir, store, fixture, bin, name } = await saved()
  expect((await store.save(fixture)).outcome).toBe('unchanged')
  const other = await fixtureOf(store, 5)
  await store.save(other)
  expect((await readdir(dir)).toSorted()).toEqual([bin, name])
  expect(await played(store, other)).toBe(bodyHash(other.records))
  const small = await fixtureFor(store, SPEAK, soundOf(3).slice(0, 1), { response: SOUND })
  await store.save(small)
  expect(await readdir(dir)).toEqual([name])
  expect(await played(store, small)).toBe(bodyHash(small.records))
})

test('is moved with its fixture, and removed with it', async () => {
  const { dir, store, fixture, name } = await saved()
  await rename(join(dir, name), join(dir, 'other.jsonl'))
  await rename(join(dir, besideName(name)), join(dir, 'other.bin'))
  expect(await store.replace('other.jsonl', fixture, await store.stamp('other.jsonl'))).toBe(true)
  expect((await readdir(dir)).toSorted()).toEqual([besideName(name), name])
  expect(await store.remove(name, await store.stamp(name))).toBe(true)
  expect(await readdir(dir)).toEqual([])
})

test('a fixture that is not replaced leaves nothing', async () => {
  const { dir, store, name, bin } = await saved()
  expect(await store.replace(name, await fixtureOf(store, 5), 'another')).toBe(false)
  expect((await readdir(dir)).toSorted()).toEqual([bin, name])
})

describe('what is missing or changed', () => {
  test.each<[string, (path: string) => Promise<unknown>, string]>([
    ['missing', (path) => rm(path), 'is missing'],
    [
      'changed',
      async (path) => writeFile(path, (await readFile(path)).fill(0, 70_000, 70_010)),
      'is not what was recorded',
    ],
    ['cut', async (path) => writeFile(path, (await readFile(path)).subarray(0, 100_000)), 'is shorter'],
  ])(
    'is told of if it is %s, by name and line, also once it was played; a new recording mends it',
    async (_what, harm, why) => {
      const { dir, store, fixture, bin, name } = await saved()
      const wrong = {
        code: 'fixture_invalid',
        message: expect.stringMatching(new RegExp(String.raw`^${name}:\d+: .*${bin}.*${why}`)),
      }
      await played(store, fixture)
      await harm(join(dir, bin))
      for (const each of [store, openTestStore(dir)]) await expect(each.playback(fixture)).rejects.toMatchObject(wrong)
      await expect(store.find(fixture)).rejects.toMatchObject(wrong)
      await store.save(fixture)
      expect(await played(store, fixture)).toBe(bodyHash(fixture.records))
    },
  )

  test('is as it was once it is put back', async () => {
    const { dir, store, fixture, bin } = await saved()
    await rename(join(dir, bin), join(dir, 'away'))
    await expect(store.playback(fixture)).rejects.toMatchObject({ code: 'fixture_invalid' })
    await rename(join(dir, 'away'), join(dir, bin))
    expect(await played(store, fixture)).toBe(bodyHash(fixture.records))
  })
})

test('at any moment of a save there is the old fixture or the new one, whole', async () => {
  const { dir, store, fixture, name } = await saved()
  const next = await fixtureOf(store, 5)
  // A copy that is made in one go is what a process leaves that is killed now.
  const copies: Store[] = []
  const copyNow = () => {
    const copy = mkdtempSync(join(tmpdir(), 'deltatape-'))
    onTestFinished(() => rmSync(copy, { recursive: true }))
    for (const each of readdirSync(dir).filter((file) => !file.startsWith('.')))
      copyFileSync(join(dir, each), join(copy, each))
    copies.push(openTestStore(copy))
  }
  const driver = openTestDirectory(dir)
  const watched: Driver = {
    ...driver,
    put: async (...args) => (copyNow(), driver.put(...args)),
    putIf: async (...args) => (copyNow(), driver.putIf(...args)),
    remove: async (...args) => (copyNow(), driver.remove(...args)),
  }
  expect(await writeFixture(watched, { name, fixture: next, before: fixture })).toBeDefined()
  copyNow()
  const [was, is] = [bodyHash(fixture.records), bodyHash(next.records)]
  const seen = await Promise.all(copies.map((copy) => played(copy, fixture)))
  expect(seen).toEqual([was, was, is, is, is])
})

test('what is named after its hash counts until it gets its name', async () => {
  const { dir, store, fixture, bin, name } = await saved()
  const sha256 = /"bin":"(\w{12})/.exec(readFileSync(join(dir, name), 'utf8'))?.[1] ?? ''
  await rename(join(dir, bin), join(dir, name.replace('.jsonl', `.${sha256}.bin`)))
  await writeFile(join(dir, bin), 'the old one')
  expect(await played(store, fixture)).toBe(bodyHash(fixture.records))
})

test.each([
  ['names another folder', '/../../etc/x', 1],
  ['is no SHA-256', 'a'.repeat(63), 1],
  ['takes nothing', 'a'.repeat(64), 0],
  ['takes more than a line may', 'a'.repeat(64), 2 ** 40],
])('a line that %s has nothing looked for', async (_what, bin, bytes) => {
  const asked: string[] = []
  const driver = openTestDirectory(await temporaryFolder())
  const get: Driver['get'] = async (name) => void asked.push(name)
  await openBeside({ ...driver, get }, 'a.jsonl').ready(JSON.stringify({ at: 0, bin, bytes }))
  expect(asked).toEqual([])
})
