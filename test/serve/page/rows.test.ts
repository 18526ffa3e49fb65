import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatFixture } from '../../../server/fixture/file.ts'
import { fileName } from '../../../server/fixture/key.ts'
import type { Row } from '../../../server/serve/page/data.ts'
import { createRows } from '../../../server/serve/page/rows.ts'
import { compose, words } from '../../kit/answers.ts'
import { fixtureOf } from '../../kit/fixtures.ts'
import { deltatape, folderWith, manualClock, openTestStore, temporaryFolder } from '../../kit/tools.ts'

const says = (text: string) => ({ events: compose('x').text(words(text)).completed() })

/** All rows, part by part. */
async function all({ rows }: Pick<ReturnType<typeof createRows>, 'rows'>, limit: number): Promise<Row[]> {
  const found: Row[] = []
  for (let after: string | undefined = ''; after !== undefined;) {
    const part: Awaited<ReturnType<typeof rows>> = await rows(after, limit)
    expect(part.rows.length).toBeLessThanOrEqual(limit)
    found.push(...part.rows)
    after = part.next
  }
  return found
}

/** A store that counts what is read. */
function counting(dir: string) {
  const store = openTestStore(dir)
  const read: string[] = []
  return { ...store, reads: read, read: (name: string) => (read.push(name), store.read(name)) }
}

test('rows are those of ls, in its order, in parts of any size', async () => {
  const { out } = await deltatape(['ls', '--json', '--fixtures', 'fixtures'])
  const listed: readonly Row[] = JSON.parse(out)
  const list = createRows(openTestStore('fixtures'), manualClock())
  for (const limit of [1, 7, 1000]) expect(await all(list, limit)).toMatchObject(listed)
})

test('a row tells what was asked, the types of events, the tools and the tokens', async () => {
  const dir = await folderWith({
    'What is the weather\n in Paris?': { events: compose('x').call('get_weather', ['{}']).completed() },
  })
  const { rows } = await createRows(openTestStore(dir), manualClock()).rows('', 10)
  expect(rows).toEqual([
    expect.objectContaining({
      asked: 'What is the weather in Paris?',
      types: expect.arrayContaining(['response.created', 'response.completed']),
      tools: ['get_weather'],
      tokens: { input: expect.any(Number), output: expect.any(Number) },
    }),
  ])
})

test('only what has changed is read again', async () => {
  const dir = await folderWith({ One: says('first'), Two: says('second') })
  const store = counting(dir)
  const list = createRows(store, manualClock())
  await all(list, 10)
  expect(store.reads).toHaveLength(2)
  await all(list, 10)
  expect(store.reads).toHaveLength(2)
  const [name = ''] = store.reads
  await writeFile(join(dir, name), `${await store.text(name)}`.replace('first', 'other'))
  await all(list, 10)
  expect(store.reads.slice(2)).toEqual([name])
})

test('many who ask at once share what is read', async () => {
  const dir = await folderWith({ One: says('first'), Two: says('second') })
  const store = counting(dir)
  const list = createRows(store, manualClock())
  await Promise.all([list.rows('', 10), list.rows('', 10), list.search('first')])
  expect(store.reads).toHaveLength(2)
})

test('damaged fixtures, and those that cannot be read, are rows with their reason', async () => {
  const dir = await folderWith({ One: says('first'), Two: says('second') })
  await writeFile(join(dir, 'bad.jsonl'), '{"deltatape":2')
  await writeFile(join(dir, 'empty.jsonl'), '')
  const rows = await all(createRows(openTestStore(dir), manualClock()), 10)
  expect(rows.filter(({ ending }) => ending === 'damaged')).toEqual([
    { name: 'bad.jsonl', ending: 'damaged', why: expect.stringContaining('bad.jsonl') },
    { name: 'empty.jsonl', ending: 'damaged', why: expect.stringContaining('empty.jsonl') },
  ])
  expect(rows).toHaveLength(4)
})

test('a part ends when reading it has taken long, and the next begins where it ended', async () => {
  const dir = await temporaryFolder()
  const text = formatFixture(fixtureOf({ model: 'm', input: 'Hi' }, says('x').events))
  const names = Array.from({ length: 500 }, (_, index) => `say-${index}.jsonl`)
  await Promise.all(names.map((name) => writeFile(join(dir, name), text)))
  let time = 0
  const list = createRows(openTestStore(dir), { ...manualClock(), now: () => (time += 10) })
  const first = await list.rows('', 1000)
  expect(first.total).toBe(500)
  expect(first.rows.length).toBeGreaterThan(0)
  expect(first.rows.length).toBeLessThan(500)
  expect((await all(list, 1000)).map(({ name }) => name).toSorted()).toEqual(names.toSorted())
})

test('takes of one call follow each other, and the cursor may be of a file that is gone', async () => {
  const dir = await temporaryFolder()
  for (const take of [1, 2, 10]) {
    const fixture = fixtureOf({ model: 'm', input: 'Hi' }, says('x').events)
    const numbered = { ...fixture, ...(take > 1 && { take }) }
    await writeFile(join(dir, fileName(numbered)), formatFixture(numbered))
  }
  const list = createRows(openTestStore(dir), manualClock())
  const names = (await all(list, 1)).map(({ name }) => name)
  expect(names.map((name) => /(?:\.(\d+))?\.jsonl$/.exec(name)?.[1])).toEqual([undefined, '2', '10'])
  const [first = '', second = ''] = names
  await rm(join(dir, second))
  const { rows } = await list.rows(first, 10)
  expect(rows.map(({ name }) => name)).toEqual(names.slice(2))
})

test('words are looked for in the name, the whole input and the whole answer, in any case', async () => {
  const long = `${'word '.repeat(5000)}Needle`
  const dir = await folderWith({ [`${'Hay '.repeat(3000)}pin`]: says('x'), Short: says(long) })
  const list = createRows(openTestStore(dir), manualClock())
  expect(await list.search('NEEDLE')).toEqual([expect.stringMatching(/^short-/)])
  expect(await list.search('hay  pin')).toEqual([expect.stringMatching(/^hay-/)])
  expect(await list.search('needle pin')).toEqual([])
  expect(await list.search(' ')).toHaveLength(2)
  await rename(join(dir, (await list.search('needle'))[0] ?? ''), join(dir, 'renamed.jsonl'))
  expect(await list.search('renamed')).toEqual(['renamed.jsonl'])
})
