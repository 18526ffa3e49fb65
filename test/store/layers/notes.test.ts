import { appendFile, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { openDirectory } from '../../../server/store/drivers/directory.ts'
import { type Notes, openNotes } from '../../../server/store/layers/notes.ts'
import { temporaryFolder } from '../../kit/tools.ts'

const open = (dir: string, place = 's3://bucket'): Promise<Notes> =>
  openNotes({
    dir,
    directory: openDirectory({ place: dir, clock: systemClock, timeoutMs: 1000 }),
    place,
    clock: systemClock,
  })

const fileIn = async (dir: string): Promise<string> => {
  const names = await readdir(join(dir, '.deltatape'))
  return join(dir, '.deltatape', names.find((name) => name.endsWith('.jsonl')) ?? '')
}

const copy = { version: 'here', sha256: 'ab' }

test('what was noted is known to the next process, and what was taken back is not', async () => {
  const dir = await temporaryFolder()
  const seen = await open(dir)
  seen.note('a.jsonl', { version: '1', copy })
  seen.note('b.jsonl', { version: '2', copy })
  seen.note('.index/r/1', { version: '3' })
  await seen.written()
  seen.note('b.jsonl', undefined)
  seen.note('a.jsonl', { version: '4', copy })
  await seen.written()
  const later = await open(dir)
  expect(new Map(later.entries())).toEqual(
    new Map([
      ['a.jsonl', { version: '4', copy }],
      ['.index/r/1', { version: '3' }],
    ]),
  )
  expect((await open(dir, 's3://other')).of('a.jsonl')).toBeUndefined()
})

test('is nothing that git would commit', async () => {
  const dir = await temporaryFolder()
  const seen = await open(dir)
  seen.note('a.jsonl', { version: '1' })
  await seen.written()
  expect(await readFile(join(dir, '.deltatape', '.gitignore'), 'utf8')).toBe('*\n')
})

test('several processes add to one file; a line that one of them left torn takes no other with it', async () => {
  const dir = await temporaryFolder()
  const [one, other] = [await open(dir), await open(dir)]
  one.note('a.jsonl', { version: '1' })
  await one.written()
  await appendFile(await fileIn(dir), '["torn.jsonl","5')
  other.note('b.jsonl', { version: '2' })
  await other.written()
  const later = await open(dir)
  expect([...later.entries()]).toEqual([
    ['a.jsonl', { version: '1' }],
    ['b.jsonl', { version: '2' }],
  ])
})

test('lines that count no more are taken out when there are many', async () => {
  const dir = await temporaryFolder()
  const seen = await open(dir)
  for (let each = 0; each < 1500; each++) seen.note('a.jsonl', { version: `${each}`, copy })
  await seen.written()
  expect((await open(dir)).of('a.jsonl')).toEqual({ version: '1499', copy })
  expect(await readFile(await fileIn(dir), 'utf8')).toBe('["a.jsonl","1499","here","ab"]\n')
  expect((await open(dir)).of('a.jsonl')).toEqual({ version: '1499', copy })
})
