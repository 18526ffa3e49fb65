/** Files on a disk: names and states. */
import { execFile } from 'node:child_process'
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { nameOf, pathOf, stateOf } from '../../../../server/store/drivers/directory/files.ts'
import { readText } from '../../../../server/store/read/text.ts'
import { openTestDirectory, temporaryFolder } from '../../../kit/tools.ts'

describe('the state of a file', () => {
  test('is another after each change, and none if there is no file', async () => {
    const path = join(await temporaryFolder(), 'x.jsonl')
    expect(stateOf(path, 'x.jsonl')).toBeUndefined()
    await writeFile(path, 'one')
    await utimes(path, 1, 1)
    const before = stateOf(path, 'x.jsonl')
    expect(before).toEqual({ bytes: 3, version: expect.any(String) })
    expect(stateOf(path, 'x.jsonl')).toEqual(before)
    await writeFile(path, 'two')
    await utimes(path, 1, 1)
    expect(stateOf(path, 'x.jsonl')?.version).not.toBe(before?.version)
  })
})

describe('a name', () => {
  test.each([[[0x61]], [[0xc3, 0xa9]], [[0xff, 0x80, 0x61]], [[0xed, 0xa0, 0x80]], [[0xf0, 0x9f]]])(
    'of the bytes %j has these bytes as its path, in a folder of any name',
    (bytes) => {
      const name = `é/${nameOf(Buffer.from(bytes))}`
      expect(Buffer.from(pathOf('/dé', name))).toEqual(Buffer.concat([Buffer.from('/dé/é/'), Buffer.from(bytes)]))
    },
  )
})

describe('what is no file', () => {
  test('is never read, and nobody waits for it: a folder, a pipe, a device, and what leads to one', async () => {
    const dir = await temporaryFolder()
    await mkdir(join(dir, 'folder.jsonl'))
    const names = ['folder.jsonl', 'device.jsonl']
    await symlink('/dev/zero', join(dir, 'device.jsonl'))
    if (process.platform !== 'win32') {
      await promisify(execFile)('mkfifo', [join(dir, 'pipe.jsonl')])
      await symlink('pipe.jsonl', join(dir, 'linked.jsonl'))
      names.push('pipe.jsonl', 'linked.jsonl')
    }
    for (const name of names) {
      const damage = { code: 'fixture_invalid', message: expect.stringContaining(`${name}:1: this is no file`) }
      expect(() => stateOf(join(dir, name), name)).toThrow(expect.objectContaining(damage))
      await expect(readText(openTestDirectory(dir), name)).rejects.toMatchObject(damage)
    }
  })
})

test('a path through a file is not known to lead nowhere', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'file'), '')
  expect(() => stateOf(join(dir, 'file', 'x.jsonl'), 'file/x.jsonl')).toThrow('file/x.jsonl cannot be read: ENOTDIR.')
})
