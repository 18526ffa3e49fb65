/** How a file of a directory is written: whole, or not at all. */
import { lstat, mkdir, open, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../../server/base/clock.ts'
import type { Driver } from '../../../../server/store/driver.ts'
import { openDirectory } from '../../../../server/store/drivers/directory.ts'
import { temporaryFolder } from '../../../kit/tools.ts'

const BYTES = Buffer.from('new')

async function setUp(): Promise<{ dir: string; driver: Driver }> {
  const dir = await temporaryFolder()
  return { dir, driver: openDirectory({ place: dir, clock: systemClock, timeoutMs: 1000 }) }
}

test('never changes a file that somebody reads, and leaves nothing beside it', async () => {
  const { dir, driver } = await setUp()
  await driver.put('x.jsonl', Buffer.from('old'))
  const file = await open(join(dir, 'x.jsonl'))
  await driver.put('x.jsonl', BYTES)
  expect(await file.readFile('utf8')).toBe('old')
  await file.close()
  expect(await readFile(join(dir, 'x.jsonl'), 'utf8')).toBe('new')
  await driver.putIf('y.jsonl', BYTES, 'absent')
  await driver.putIf('y.jsonl', BYTES, 'absent')
  expect((await readdir(dir)).toSorted()).toEqual(['x.jsonl', 'y.jsonl'])
})

test('leaves nothing if it cannot, and says it as the system does', async () => {
  const { dir, driver } = await setUp()
  await mkdir(join(dir, 'x.jsonl', 'full'), { recursive: true })
  await expect(driver.put('x.jsonl', BYTES)).rejects.toMatchObject({ code: 'EISDIR' })
  await writeFile(join(dir, 'file'), '')
  await expect(driver.put('file/x.jsonl', BYTES)).rejects.toMatchObject({ code: 'ENOTDIR' })
  expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(['file', 'x.jsonl', 'x.jsonl/full'])
})

test('makes folders, and never the directory anew: it is away, and comes back', async () => {
  const { dir, driver } = await setUp()
  await Promise.all([1, 2, 3].map((index) => driver.put(`a/b/${index}.jsonl`, BYTES)))
  expect(await readdir(join(dir, 'a', 'b'))).toEqual(['1.jsonl', '2.jsonl', '3.jsonl'])
  await rename(dir, `${dir}-away`)
  for (const name of ['x.jsonl', 'a/x.jsonl']) {
    await expect(driver.put(name, BYTES)).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(driver.putIf(name, BYTES, 'absent')).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await driver.remove(name)).toBe(false)
  }
  await rename(`${dir}-away`, dir)
  await driver.put('a/x.jsonl', BYTES)
})

test('a link that leads nowhere is replaced, as there is nothing; one that leads to a file is, too', async () => {
  const { dir, driver } = await setUp()
  await writeFile(join(dir, 'real'), 'old')
  for (const name of ['x.jsonl', 'y.jsonl']) await symlink('nowhere', join(dir, name))
  await symlink('real', join(dir, 'z.jsonl'))
  const made = await Promise.all(Array.from({ length: 5 }, () => driver.putIf('x.jsonl', BYTES, 'absent')))
  expect(made.filter((version) => version !== undefined)).toHaveLength(1)
  expect(await driver.putIf('z.jsonl', BYTES, 'absent')).toBeUndefined()
  await driver.put('z.jsonl', BYTES)
  expect(await driver.remove('y.jsonl')).toBe(true)
  for (const name of ['x.jsonl', 'z.jsonl']) expect((await lstat(join(dir, name))).isFile()).toBe(true)
  expect(await readFile(join(dir, 'real'), 'utf8')).toBe('old')
  expect((await readdir(dir)).toSorted()).toEqual(['real', 'x.jsonl', 'z.jsonl'])
})

test('what cannot be looked at is not written over on a condition', async () => {
  const { dir, driver } = await setUp()
  await symlink('x.jsonl', join(dir, 'x.jsonl'))
  for (const expected of ['absent', { version: 'seen' }] as const)
    await expect(driver.putIf('x.jsonl', BYTES, expected)).rejects.toMatchObject({ code: 'fixture_invalid' })
  await expect(driver.remove('x.jsonl', 'seen')).rejects.toMatchObject({ code: 'fixture_invalid' })
  expect(await readdir(dir)).toEqual(['x.jsonl'])
  await rm(join(dir, 'x.jsonl'))
  expect(await driver.putIf('x.jsonl', BYTES, 'absent')).toEqual(expect.any(String))
})
