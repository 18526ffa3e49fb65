/** Files on a disk: names, states, texts and lines. */
import { execFile } from 'node:child_process'
import { mkdir, open, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { firstLine, linesOf, nameOf, pathOf, readText, stateOf } from '../../server/store/disk.ts'
import { temporaryFolder } from '../kit/tools.ts'

describe('the lines of a file', () => {
  const linesIn = async (text: string | Uint8Array) => {
    const path = join(await temporaryFolder(), 'x.jsonl')
    await writeFile(path, text)
    const all: string[] = []
    for await (const lines of linesOf(path)) all.push(...lines)
    return { all, first: await firstLine(path, 'x.jsonl') }
  }

  test.each<[string, string[]]>([
    ['', []],
    ['one', ['one']],
    ['one\n', ['one']],
    ['one\n\ntwo', ['one', '', 'two']],
    ['\n', ['']],
    ['a\u2028b\u0085c\rd\r\ne\n', ['a\u2028b\u0085c\rd\r', 'e']],
  ])('of %j', async (text, lines) => {
    expect(await linesIn(text)).toEqual({ all: lines, first: lines[0] ?? '' })
  })

  test('are whole, however long, and wherever a character is cut', async () => {
    const lines = [`${'é'.repeat(40_000)}👋`, 'x', `👋${'世界'.repeat(70_000)}`, 'y'.repeat(64 * 1024 - 1), 'z']
    expect(await linesIn(lines.join('\n'))).toEqual({ all: lines, first: lines[0] })
    for (const shift of [0, 1, 2, 3]) {
      const shifted = `${'x'.repeat(shift)}${'👋'.repeat(50_000)}`
      expect((await linesIn(`${shifted}\n`)).all).toEqual([shifted])
    }
  })

  test('of a file that is not there are an error that names it', async () => {
    const path = join(await temporaryFolder(), 'none.jsonl')
    await expect(firstLine(path, 'none.jsonl')).rejects.toMatchObject({
      code: 'fixture_invalid',
      message: 'none.jsonl cannot be read: ENOENT.',
    })
    await expect(readText(path, 'chat/none.jsonl')).rejects.toMatchObject({
      message: 'chat/none.jsonl cannot be read: ENOENT.',
    })
  })
})

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
      await expect(firstLine(join(dir, name), name)).rejects.toMatchObject(damage)
      await expect(readText(join(dir, name), name)).rejects.toMatchObject(damage)
    }
  })
})

test('a path through a file is not known to lead nowhere', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'file'), '')
  expect(() => stateOf(join(dir, 'file', 'x.jsonl'), 'file/x.jsonl')).toThrow('file/x.jsonl cannot be read: ENOTDIR.')
})

test('a line without an end is damage, and is not held', async () => {
  const path = join(await temporaryFolder(), 'x.jsonl')
  const file = await open(path, 'w')
  // A file with a hole: it takes no room on the disk.
  await file.truncate(500 * 1024 * 1024)
  await file.close()
  const before = process.memoryUsage().rss
  await expect(firstLine(path, 'x.jsonl')).rejects.toMatchObject({
    code: 'fixture_invalid',
    message: expect.stringContaining('x.jsonl:1: this fixture is damaged: the line has more than'),
  })
  await expect(readText(path, 'x.jsonl')).rejects.toMatchObject({ code: 'fixture_invalid' })
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
})
