import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { createMarks } from '../../../server/store/conversation/marks.ts'
import { openTestDirectory } from '../../kit/tools.ts'
import { HI, fixtureFor, setUp } from '../kit.ts'

const KNOWN_BY = ['call_a"1\\', '~é', '#]']

async function saved() {
  const { dir, store } = await setUp()
  const said = '"known_by":["call_of_the_user"]'
  const request = { ...HI, input: `${said} ${'x'.repeat(200_000)}`, metadata: { known_by: ['call_user'] } }
  const { name } = await store.save(await fixtureFor(store, request, undefined, { knownBy: KNOWN_BY }))
  return { dir, store, name, marks: createMarks(openTestDirectory(dir), systemClock) }
}

test('the marks of an answer are found at the end of the first line, however long that is', async () => {
  const { name, marks } = await saved()
  expect(marks.namesOf('~é')).toEqual([])
  await marks.learn?.([name])
  expect(KNOWN_BY.map((mark) => marks.namesOf(mark))).toEqual([[name], [name], [name]])
  expect(['call_of_the_user', 'call_user'].map((mark) => marks.namesOf(mark))).toEqual([[], []])
})

test('a file is looked into once; several may hold answers with one mark', async () => {
  const { dir, name, marks } = await saved()
  await marks.learn?.([name])
  await rm(join(dir, name))
  marks.add('other.jsonl', ['~é'])
  marks.add('other.jsonl', ['~é'])
  await marks.learn?.([name, 'other.jsonl'])
  expect(marks.namesOf('~é')).toEqual([name, 'other.jsonl'])
})

test('what is no fixture, or cannot be read, is passed over', async () => {
  const { dir, name, marks } = await saved()
  await mkdir(join(dir, 'folder.jsonl'))
  await writeFile(join(dir, 'empty.jsonl'), '')
  await writeFile(join(dir, 'cut.jsonl'), '{"known_by":["call_cut')
  await writeFile(join(dir, 'other.jsonl'), '{"known_by":7}\n')
  await appendFile(join(dir, name), '{"known_by":["call_later"]}\n')
  await marks.learn?.(['gone.jsonl', 'folder.jsonl', 'empty.jsonl', 'cut.jsonl', 'other.jsonl', name])
  expect(marks.namesOf('~é')).toEqual([name])
  expect(['call_cut', 'call_later'].map((mark) => marks.namesOf(mark))).toEqual([[], []])
})

test('looking into many files rests in between, so that nobody waits for it', async () => {
  const { dir, name } = await saved()
  let [now, rests] = [0, 0]
  const marks = createMarks(openTestDirectory(dir), {
    now: () => (now += 1),
    timer: (ms, act) => {
      rests += ms
      return systemClock.timer(0, act)
    },
  })
  const names = Array.from({ length: 40 }, (_, index) => `${index}.jsonl`)
  await marks.learn?.([...names, name])
  expect(marks.namesOf('~é')).toEqual([name])
  expect(rests).toBeGreaterThan(4 * now)
})
