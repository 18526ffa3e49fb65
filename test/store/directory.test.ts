import { chmod, mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkStore } from '../../server/store/directory.ts'
import { temporaryFolder } from '../kit/tools.ts'

describe('checkStore', () => {
  test('makes the folder where it may be written, and asks for it where it is only read', async () => {
    const dir = join(await temporaryFolder(), 'deep', 'fixtures')
    await expect(checkStore(dir, { write: false })).rejects.toMatchObject({
      code: 'fixtures_unusable',
      message: expect.stringContaining('does not exist'),
    })
    await checkStore(dir, { write: true })
    await checkStore(dir, { write: false })
  })

  test('what killed processes have left is taken away, once it is old', async () => {
    const dir = await temporaryFolder()
    const [old, fresh] = ['.x-1.jsonl.1.0123456789ab.tmp', '.x-1.jsonl.2.0123456789ab.tmp']
    for (const name of [old, fresh, '.keep.tmp']) await writeFile(join(dir, name), '')
    await utimes(join(dir, old), 1, 1)
    await utimes(join(dir, '.keep.tmp'), 1, 1)
    await checkStore(dir, { write: true })
    expect((await readdir(dir)).toSorted()).toEqual(['.keep.tmp', fresh])
  })

  test('a file is no folder', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    for (const write of [true, false]) {
      await expect(checkStore(file, { write })).rejects.toMatchObject({
        message: expect.stringContaining('is no directory'),
      })
    }
    await expect(checkStore(join(file, 'below'), { write: true })).rejects.toMatchObject({ code: 'fixtures_unusable' })
    await expect(checkStore('x'.repeat(5000), { write: true })).rejects.toMatchObject({ code: 'fixtures_unusable' })
  })

  test.skipIf(process.getuid?.() === 0)('a folder without the rights is refused', async () => {
    const dir = join(await temporaryFolder(), 'locked')
    await mkdir(dir)
    await chmod(dir, 0o555)
    await checkStore(dir, { write: false })
    await expect(checkStore(dir, { write: true })).rejects.toMatchObject({
      message: expect.stringContaining('may not be'),
    })
    await chmod(dir, 0o000)
    await expect(checkStore(dir, { write: false })).rejects.toMatchObject({
      message: expect.stringContaining('may not be'),
    })
  })
})
