import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pick, pickAll, readAll, readFixture } from '../../server/store/pick.ts'
import { compose, words } from '../kit/answers.ts'
import { folderWith, openTestStore, temporaryFolder } from '../kit/tools.ts'

const answer = { events: compose('a').text(words('Hello')).completed() }

async function setUp() {
  const dir = await folderWith({ 'Say hi': answer, 'Say hi again': answer, 'Other words': answer })
  const store = openTestStore(dir)
  const names = await store.list()
  const [other = '', again = '', hi = ''] = [/^other-/, /^say-hi-again-/, /^say-hi-[0-9a-f]{12}/].map((pattern) =>
    names.find((name) => pattern.test(name)),
  )
  const { key } = await readFixture(await pick(store, hi))
  return { dir, store, other, again, hi, key, named: async (word: string) => (await pick(store, word)).name }
}

test('reads all, a damaged one as that', async () => {
  const { dir, store } = await setUp()
  await writeFile(join(dir, 'bad.jsonl'), 'damaged')
  const seen: string[] = []
  for await (const shelved of readAll(await pickAll(store, []))) {
    seen.push('fixture' in shelved ? String(shelved.fixture.request.input) : shelved.damage)
  }
  expect(seen.toSorted()).toEqual([
    'Other words',
    'Say hi',
    'Say hi again',
    'bad.jsonl:1: this fixture is damaged: it is no JSON. Restore it (git checkout), or remove it and record it again (MODEL_MODE=auto).',
  ])
})

test('a name is found with or without .jsonl, and by its beginning or that of the key', async () => {
  const { named, hi, other, key } = await setUp()
  expect(await named(hi)).toBe(hi)
  expect(await named(hi.replace('.jsonl', ''))).toBe(hi)
  expect(await named('other')).toBe(other)
  expect(await named(key.slice(0, 6))).toBe(hi)
  expect(await named(key)).toBe(hi)
})

test('a name that begins others is found by itself', async () => {
  const { dir, named, hi } = await setUp()
  await rename(join(dir, hi), join(dir, 'say.jsonl'))
  expect(await named('say')).toBe('say.jsonl')
})

test('a renamed file is found by the key in it', async () => {
  const { dir, named, hi, key } = await setUp()
  await rename(join(dir, hi), join(dir, 'mine.jsonl'))
  expect(await named(key)).toBe('mine.jsonl')
  expect(await named(key.slice(0, 8))).toBe('mine.jsonl')
})

describe('a path', () => {
  test('into the directory is that of a fixture there, with or without .jsonl, whole or begun', async () => {
    const { dir, store, named, hi, other } = await setUp()
    expect(await named(join(dir, hi))).toBe(hi)
    expect(await named(join(dir, hi.replace('.jsonl', '')))).toBe(hi)
    expect(await named(join(dir, 'other'))).toBe(other)
    expect((await pick(store, join(dir, hi))).path).toBe(join(dir, hi))
  })

  test('elsewhere is that of a file, wherever the fixtures are', async () => {
    const { dir, store, hi } = await setUp()
    const path = join(dir, hi)
    for (const nowhere of [openTestStore('nowhere'), openTestStore(await temporaryFolder())]) {
      const picked = await pick(nowhere, path)
      expect(picked).toMatchObject({ name: path, path })
      expect((await readFixture(picked)).request.input).toBe('Say hi')
    }
    await expect(pick(store, join(dir, 'none.jsonl'))).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('a fixture in a sub-directory is found by its name, by its path, and by the beginning of either', async () => {
  const { dir, named, hi, other } = await setUp()
  await mkdir(join(dir, 'old'))
  await rename(join(dir, other), join(dir, 'old', other))
  for (const word of [other, 'other', `old/${other}`, 'old/other', join(dir, 'old', other)]) {
    expect([word, await named(word)]).toEqual([word, `old/${other}`])
  }
  await rename(join(dir, hi), join(dir, 'old', 'same.jsonl'))
  await writeFile(join(dir, 'same.jsonl'), '')
  expect(await named('same')).toBe('same.jsonl')
})

test('what means several is told with their names, and what means none with what to do', async () => {
  const { dir, store, again, hi } = await setUp()
  await expect(pick(store, 'say-hi')).rejects.toMatchObject({
    code: 'invalid_input',
    message: `"say-hi" may mean 2 fixtures. Give more of the name or key of one:\n  ${[again, hi].toSorted().join('\n  ')}`,
  })
  await expect(pick(store, 'zzz')).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringMatching(/^No fixture in .* begins with "zzz"\. `npx deltatape ls` shows what there is\.$/),
  })
  await expect(pick(openTestStore(join(dir, 'no')), 'zzz')).rejects.toMatchObject({ code: 'fixtures_unusable' })
})

test('several words mean each of their fixtures once, none means all', async () => {
  const { store, other, again, hi } = await setUp()
  const names = async (...given: string[]) => (await pickAll(store, given)).map(({ name }) => name)
  expect(await names()).toEqual([other, again, hi].toSorted())
  expect(await names(hi, 'other', hi.replace('.jsonl', ''))).toEqual([other, hi].toSorted())
  await expect(names('other', 'zzz')).rejects.toMatchObject({ code: 'not_found' })
})

test('of many candidates some are named', async () => {
  const dir = await temporaryFolder()
  for (let index = 10; index < 25; index++) await writeFile(join(dir, `same-${index}.jsonl`), '')
  await expect(pick(openTestStore(dir), 'same')).rejects.toMatchObject({
    message: expect.stringMatching(/same-19\.jsonl\n {2}and 5 more$/),
  })
})
