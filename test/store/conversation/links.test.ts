import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { createFinder } from '../../../server/store/find/finder.ts'
import { createLinks } from '../../../server/store/conversation/links.ts'
import { openTestDirectory } from '../../kit/tools.ts'
import { HI, answerOf, fixtureFor, setUp } from '../kit.ts'

/** A fixture that was saved, and what names the one that it continues once it is told. */
async function saved() {
  const { dir, store } = await setUp()
  const fixture = await fixtureFor(store, HI)
  await store.save(fixture)
  const stored = await store.find(fixture)
  if (!stored) throw new Error('It was not saved.')
  const links = createLinks({
    finder: createFinder(openTestDirectory(dir), { clock: systemClock, memoryBytes: 1e6 }),
    ...store,
  })
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  links.add(fixture, promise)
  const file = join(dir, stored.name)
  return { store, fixture, links, resolve, reject, file, before: await readFile(file, 'utf8') }
}

const KEY = 'a'.repeat(64)

test('a fixture names the one that it continues once that is known, and is as it was but for that', async () => {
  const { store, fixture, links, resolve, file, before } = await saved()
  resolve(KEY)
  await links.done()
  expect((await store.find(fixture))?.follows).toBe(KEY)
  expect((await readFile(file, 'utf8')).replace(`,"follows":"${KEY}"`, '')).toBe(before)
})

test('one that is known to continue none stays as it is, and so does one whose files cannot be looked at', async () => {
  const none = await saved()
  none.resolve(undefined)
  const unreadable = await saved()
  unreadable.reject(Object.assign(new Error('No.'), { code: 'EACCES' }))
  for (const { links, file, before } of [none, unreadable]) {
    await links.done()
    expect(await readFile(file, 'utf8')).toBe(before)
  }
})

test('what was recorded again, damaged or taken away meanwhile is left alone', async () => {
  const again = await saved()
  const recorded = { at: '2026-11-25T10:00:00.000Z', upstream: 'stand-in' }
  await again.store.save({ ...again.fixture, recorded, records: answerOf('two', 'Other') })
  again.resolve(KEY)
  await again.links.done()
  expect((await again.store.find(again.fixture))?.follows).toBeUndefined()

  const damaged = await saved()
  await writeFile(damaged.file, 'no fixture')
  damaged.resolve(KEY)
  await damaged.links.done()
  expect(await readFile(damaged.file, 'utf8')).toBe('no fixture')

  const gone = await saved()
  await rm(gone.file)
  gone.resolve(KEY)
  await gone.links.done()
  expect(await gone.store.list()).toEqual([])
})
