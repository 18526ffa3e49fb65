import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DeltatapeError } from '../../server/base/errors.ts'
import { formatFixture } from '../../server/fixture/file.ts'
import { pull } from '../../server/upkeep/pull.ts'
import type { Job, Result } from '../../server/upkeep/transfer.ts'
import { temporaryFolder } from '../kit/tools.ts'
import { away, inMemory } from '../store/engine.ts'
import { filesIn, putOn, recordingOf, setUp, textAt, writeTo } from './moving.ts'

/** Pulls as a process of its own does. */
async function pulled(job: Job): Promise<Result> {
  try {
    return await pull(job)
  } finally {
    await job.copies.close()
  }
}

test('moves all once; a second time looks at a list, and moves nothing', async () => {
  const { dir, inner, engine, job } = await setUp()
  const names = [await putOn(inner, recordingOf('one', 'Hi')), await putOn(inner, recordingOf('two', 'Ho'))].toSorted()
  expect(await pulled(job())).toMatchObject({ fixtures: 2, moved: names, left: [], interrupted: false })
  expect(await filesIn(dir)).toEqual(names)
  for (const name of names) expect(await readFile(join(dir, name), 'utf8')).toBe(await textAt(inner, name))
  expect(await pulled(job())).toMatchObject({ fixtures: 2, moved: [], left: [] })
  expect(engine.asked).toEqual(['list '])
  await putOn(inner, recordingOf('one', 'Anew'))
  expect(await pulled(job())).toMatchObject({ fixtures: 2, moved: [expect.stringMatching(/^one-/)], left: [] })
  expect(engine.asked).toHaveLength(2)
})

test('what was recorded or changed here is not written over, unless that is meant', async () => {
  const { dir, inner, job } = await setUp()
  const [one, two] = [await putOn(inner, recordingOf('one', 'Theirs')), await putOn(inner, recordingOf('two', 'Hi'))]
  await writeTo(dir, recordingOf('one', 'Ours'))
  await writeTo(dir, recordingOf('two', 'Hi'))
  const first = await pulled(job())
  expect(first).toMatchObject({
    moved: [],
    left: [{ name: one, why: expect.stringContaining('there is another one here') }],
  })
  await writeFile(join(dir, two), 'changed')
  expect((await pulled(job())).left.map(({ name }) => name)).toEqual([one, two].toSorted())
  expect(await readFile(join(dir, one), 'utf8')).toBe(formatFixture(recordingOf('one', 'Ours')))
  expect(await pulled(job({ force: true }))).toMatchObject({ moved: [one, two].toSorted(), left: [] })
  expect(await readFile(join(dir, one), 'utf8')).toBe(await textAt(inner, one))
})

test('takes away here what is not there, if that is meant, and not all of it', async () => {
  const { dir, inner, job } = await setUp()
  const [one, two] = [await putOn(inner, recordingOf('one', 'Hi')), await putOn(inner, recordingOf('two', 'Hi'))]
  await pulled(job())
  const mine = await writeTo(dir, recordingOf('mine', 'Hi'), 'sub/mine.jsonl')
  await inner.remove(two)
  expect(await pulled(job())).toMatchObject({ removed: [] })
  expect(await pulled(job({ prune: true, dryRun: true }))).toMatchObject({ removed: [mine, two].toSorted() })
  expect(await filesIn(dir)).toHaveLength(3)
  expect(await pulled(job({ prune: true }))).toMatchObject({ removed: [mine, two].toSorted() })
  expect(await filesIn(dir)).toEqual([one])
  await inner.remove(one)
  await expect(pulled(job({ prune: true }))).rejects.toMatchObject({ code: 'not_found' })
  expect(await filesIn(dir)).toEqual([one])
})

test('only says what it would do', async () => {
  const { dir, inner, job } = await setUp()
  const name = await putOn(inner, recordingOf('one', 'Hi'))
  expect(await pulled(job({ dryRun: true }))).toMatchObject({ moved: [name], bytes: 0 })
  expect(await filesIn(dir)).toEqual([])
})

test('keeps what the engine knows of conversations, for the time when it is away', async () => {
  const { inner, engine, dir, job } = await setUp()
  await putOn(inner, recordingOf('one', 'Hi'))
  await inner.put('.index/response/ab/key/one.jsonl', Buffer.alloc(0))
  expect(await pulled(job())).toMatchObject({ fixtures: 1 })
  expect(await filesIn(dir)).toHaveLength(1)
  engine.trouble = away()
  const { copies } = job()
  for await (const { entries } of copies.list('.index/response/ab/')) {
    expect(entries.map(({ name }) => name)).toEqual(['.index/response/ab/key/one.jsonl'])
  }
})

test('what could not be listed is told, and nothing is taken for all', async () => {
  const { engine, job } = await setUp()
  const running = job()
  engine.list = async function* () {
    yield { entries: [], unknown: [new DeltatapeError('store_forgot', 'The list is not whole.')] }
  }
  await expect(pulled(running)).rejects.toMatchObject({ code: 'store_forgot' })
})

test('goes on where it was interrupted, or where the engine went away', async () => {
  const { dir, inner, engine, job } = await setUp()
  const inputs = Array.from({ length: 100 }, (_, index) => `question ${index}`)
  const names = await Promise.all(inputs.map((input) => putOn(inner, recordingOf(input, 'Hi'))))
  const controller = new AbortController()
  let steps = 0
  const step = () => void (++steps === 10 && controller.abort())
  const first = await pulled(job({ signal: controller.signal, progress: () => ({ step, stop() {} }) }))
  expect(first).toMatchObject({ fixtures: 100, interrupted: true })
  expect(await filesIn(dir)).toEqual(first.moved)
  let more = 0
  const failing = () => void (++more === 60 && (engine.trouble = away()))
  await expect(pulled(job({ progress: () => ({ step: failing, stop() {} }) }))).rejects.toMatchObject({
    code: 'store_away',
  })
  engine.trouble = undefined
  const before = await filesIn(dir)
  const { moved } = await pulled(job())
  expect([...before, ...moved].toSorted()).toEqual(names.toSorted())
  for (const name of names) expect(await readFile(join(dir, name), 'utf8')).toBe(await textAt(inner, name))
})

test('what others have put there under odd names is written nowhere else, and is in the way of nothing', async () => {
  const root = await temporaryFolder()
  const dir = join(root, 'deep', 'fixtures')
  const { inner, job } = await setUp(inMemory(), dir)
  const name = await putOn(inner, recordingOf('one', 'Hi'))
  const text = Buffer.from(formatFixture(recordingOf('two', 'Ho')))
  const odd = [
    'a/../../../out.jsonl',
    '/out.jsonl',
    'a//out.jsonl',
    'a/.git/out.jsonl',
    String.raw`a\..\..\out.jsonl`,
    'out\0.jsonl',
    `${'o'.repeat(300)}.jsonl`,
    `${name}/out.jsonl`,
  ]
  for (const each of odd) await inner.put(each, text)
  const result = await pulled(job())
  expect(result.moved).toEqual([name])
  expect(result.left.map((each) => each.name)).toEqual(odd.toSorted())
  expect(result.left[0]?.why).toContain('a directory cannot have a file of this name')
  expect(await readdir(root, { recursive: true })).not.toContainEqual(expect.stringContaining('out'))
})
