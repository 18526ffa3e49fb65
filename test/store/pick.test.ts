import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pick, readAll, readFixture } from '../../server/store/pick.ts'
import { listFixtures } from '../../server/store/directory.ts'
import { compose, words } from '../kit/answers.ts'
import { folderWith, temporaryFolder } from '../kit/tools.ts'

const answer = { events: compose('a').text(words('Hello')).completed() }

async function setUp() {
  const dir = await folderWith({ 'Say hi': answer, 'Say hi again': answer, 'Other words': answer })
  const [other = '', again = '', hi = ''] = await listFixtures(dir)
  const { key } = await readFixture(join(dir, hi))
  return { dir, other, again, hi, key }
}

test('reads all, a damaged one as that', async () => {
  const { dir } = await setUp()
  await writeFile(join(dir, 'bad.jsonl'), 'damaged')
  const seen: string[] = []
  for await (const shelved of readAll(dir, await listFixtures(dir))) {
    seen.push('fixture' in shelved ? String(shelved.fixture.request.input) : shelved.damage)
  }
  expect(seen).toEqual([
    'bad.jsonl:1: this fixture is damaged: it is no JSON. Record it again, or remove it.',
    'Other words',
    'Say hi again',
    'Say hi',
  ])
})

test('a name is found with or without .jsonl, and by its beginning or that of the key', async () => {
  const { dir, hi, other, key } = await setUp()
  expect(await pick(dir, hi)).toBe(join(dir, hi))
  expect(await pick(dir, hi.replace('.jsonl', ''))).toBe(join(dir, hi))
  expect(await pick(dir, 'other')).toBe(join(dir, other))
  expect(await pick(dir, key.slice(0, 6))).toBe(join(dir, hi))
  expect(await pick(dir, key)).toBe(join(dir, hi))
})

test('a name that begins others is found by itself', async () => {
  const { dir, hi } = await setUp()
  await rename(join(dir, hi), join(dir, 'say.jsonl'))
  expect(await pick(dir, 'say')).toBe(join(dir, 'say.jsonl'))
})

test('a renamed file is found by the key in it', async () => {
  const { dir, hi, key } = await setUp()
  await rename(join(dir, hi), join(dir, 'mine.jsonl'))
  expect(await pick(dir, key)).toBe(join(dir, 'mine.jsonl'))
  expect(await pick(dir, key.slice(0, 8))).toBe(join(dir, 'mine.jsonl'))
})

test('a path is a file, wherever the fixtures are', async () => {
  const { dir, hi } = await setUp()
  expect(await pick('nowhere', join(dir, hi))).toBe(join(dir, hi))
  await expect(pick(dir, join(dir, 'none.jsonl'))).rejects.toMatchObject({ code: 'not_found' })
})

test('what means several is told with their names, and what means none with what to do', async () => {
  const { dir, again, hi } = await setUp()
  await expect(pick(dir, 'say-hi')).rejects.toMatchObject({
    code: 'invalid_input',
    message: `"say-hi" may mean 2 fixtures. Give more of the name or key of one:\n  ${again}\n  ${hi}`,
  })
  await expect(pick(dir, 'zzz')).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringMatching(/^No fixture in .* begins with "zzz"\. deltatape ls shows what there is\.$/),
  })
  await expect(pick(join(dir, 'no'), 'zzz')).rejects.toMatchObject({ code: 'fixtures_unusable' })
})

test('of many candidates some are named', async () => {
  const dir = await temporaryFolder()
  for (let index = 10; index < 25; index++) await writeFile(join(dir, `same-${index}.jsonl`), '')
  await expect(pick(dir, 'same')).rejects.toMatchObject({
    message: expect.stringMatching(/same-19\.jsonl\n {2}and 5 more$/),
  })
})
