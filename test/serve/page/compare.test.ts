import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DeltatapeError } from '../../../server/base/errors.ts'
import type { StoredFixture } from '../../../server/fixture/fixture.ts'
import { summarize } from '../../../server/fixture/summary.ts'
import { createComparing } from '../../../server/serve/page/compare.ts'
import type { View } from '../../../server/serve/page/data.ts'
import { flagsFor } from '../../../server/store/place.ts'
import { compose, words } from '../../kit/answers.ts'
import { callOf, toRecords } from '../../kit/calls.ts'
import { fixtureFor, getCall } from '../../kit/fixtures.ts'
import { commitAll, folderWith, openTestStore } from '../../kit/tools.ts'

const says = (text: string, seed = 'a') => ({ events: compose(seed).text(words(text)).completed() })

/** As much of a view as is compared. */
async function viewOf(fixture: StoredFixture): Promise<View> {
  const { answer: _answer, events: _events, ...summary } = summarize(fixture)
  const all = fixture.records.map(({ event }) => event?.type ?? '(comment)')
  const types = [...new Set(all)]
  const column = <T>(value: T) => all.map(() => value)
  return {
    ...summary,
    name: fixture.name,
    asked: '',
    request: fixture.requestText,
    headers: [],
    written: false,
    edited: false,
    types,
    records: {
      at: column(0),
      type: all.map((type) => types.indexOf(type)),
      bytes: column(0),
      wire: column(''),
      binary: [],
    },
    blocks: [],
    pieces: { record: [], block: [], text: [] },
    last: '',
    replay: { how: 'none', why: '' },
    command: '',
  }
}

async function setUp(answers: Parameters<typeof folderWith>[0]) {
  const dir = await folderWith(answers)
  const store = { ...openTestStore(dir), flags: flagsFor(dir) }
  const comparing = createComparing({
    store,
    viewOf,
    async fixture(name) {
      if ((await store.list()).includes(name)) return store.read(name)
      throw new DeltatapeError('not_found', `There is no fixture ${name}.`)
    },
  })
  return { dir, store, names: await store.list(), ...comparing }
}

test('gives two fixtures, what differs, and all records in rows of one type', async () => {
  const { compare, names } = await setUp({ 'Say hi': says('Hello there'), 'Say ho': says('Hello to you there') })
  const [a = '', b = ''] = names
  const compared = await compare(a, b)
  expect([compared.before.name, compared.after.name]).toEqual([a, b])
  expect(compared.comparison.same).toBe(false)
  expect(compared.words.request).toEqual([
    {
      name: 'input',
      changes: [
        { kind: 'kept', text: 'Say ' },
        { kind: 'removed', text: 'hi' },
        { kind: 'added', text: 'ho' },
      ],
    },
  ])
  expect(compared.runs.map(({ type, before, after }) => `${type} ${before} ${after}`)).toEqual([
    'response.created 1 1',
    'response.in_progress 1 1',
    'response.output_item.added 1 1',
    'response.content_part.added 1 1',
    'response.output_text.delta 2 4',
    'response.output_text.done 1 1',
    'response.content_part.done 1 1',
    'response.output_item.done 1 1',
    'response.completed 1 1',
  ])
})

test('gives what git has of a fixture beside what there is now', async () => {
  const { dir, store, names, compareWithGit } = await setUp({ 'Say hi': says('Hello there') })
  await commitAll(dir)
  const [name = ''] = names
  const before = await store.find(await store.identify(callOf({ model: 'gpt-4.1-mini', input: 'Say hi' })))
  if (!before) throw new Error('none')
  await store.save({ ...before, records: toRecords(says('Hello to you').events), endedAt: 500 })
  const compared = await compareWithGit(name, 'HEAD')
  expect(compared.before.name).toBe(`${name} in HEAD`)
  expect(compared.after.name).toBe(name)
  expect(compared.command).toBe(`npx deltatape diff --fixtures ${dir} ${name}`)
  expect((await compareWithGit(name, 'HEAD~0')).command).toMatch(/\.jsonl --against 'HEAD~0'$/)
  expect(compared.comparison.answer).toContainEqual({ kind: 'removed', text: 'there' })
})

test('takes what stood beside a committed fixture from the same revision', async () => {
  const { dir, store, compareWithGit } = await setUp({})
  const image = (fill: number) =>
    fixtureFor(getCall('/v1/files/file_1/content'), {
      response: { status: 200, headers: [['content-type', 'image/png']], framing: 'text' },
      records: [{ at: 20, wire: Buffer.alloc(2 ** 20, fill) }],
    })
  const { name } = await store.save(image(1))
  await commitAll(dir)
  await store.save(image(2))
  const { comparison, before, after } = await compareWithGit(name, 'HEAD')
  expect([before.bytes, after.bytes]).toEqual([2 ** 20, 2 ** 20])
  expect(comparison.body).not.toEqual([])
})

test('what nobody would read is not compared word by word: many long members cost no minutes', async () => {
  const text = (seed: number) => Array.from({ length: 1000 }, (_, index) => (index * seed) % 9973).join(' ')
  const input = (seed: number) =>
    Array.from({ length: 60 }, (_, index) => ({ role: 'user', content: text(seed + index) }))
  const { store, compare, names } = await setUp({ 'Say hi': says('Hello') })
  const fixture = await store.read(names[0] ?? '')
  const save = async (seed: number) => {
    const identity = await store.identify(callOf({ model: 'gpt-4.1-mini', input: input(seed) }))
    return (await store.save({ ...fixture, ...identity })).name
  }
  const { words: told } = await compare(await save(7), await save(11))
  expect(told.request).toHaveLength(60)
  expect(told.request[0]?.changes.length).toBeGreaterThan(1)
  expect(told.request.at(-1)?.changes.map(({ kind }) => kind)).toEqual(['removed', 'added'])
  expect(JSON.stringify(told).length).toBeLessThan(600_000)
})

test('says what cannot be compared, and what to do', async () => {
  const { dir, names, compare, compareWithGit } = await setUp({ 'Say hi': says('Hello') })
  const [name = ''] = names
  await expect(compareWithGit(name, 'HEAD')).rejects.toThrow('no git repository. Commit it to one, or')
  await commitAll(dir)
  await expect(compareWithGit(name, '--help')).rejects.toThrow('is not a revision. Give a commit')
  await expect(compareWithGit(name, 'nowhere')).rejects.toThrow('no such revision. Give a commit')
  await writeFile(join(dir, 'secret.txt'), 'x')
  await commitAll(dir)
  for (const other of ['secret.txt', '../secret.txt', join(dir, name)]) {
    await expect(compareWithGit(other, 'HEAD')).rejects.toMatchObject({ code: 'not_found' })
    await expect(compare(name, other)).rejects.toMatchObject({ code: 'not_found' })
  }
  // One that failed holds up no other.
  await expect(compareWithGit(name, 'HEAD')).resolves.toMatchObject({ comparison: { same: true } })
})
