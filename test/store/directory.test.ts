/** The files of a directory of fixtures. */
import { chmod, mkdir, open, readFile, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import {
  checkDirectory,
  firstLine,
  linesOf,
  listFixtures,
  readText,
  stateOf,
  writeWhole,
} from '../../server/store/directory.ts'
import { compose } from '../kit/answers.ts'
import { fixtureOf } from '../kit/fixtures.ts'
import { temporaryFolder } from '../kit/tools.ts'
import { HI } from './kit.ts'

const check = (dir: string, write: boolean) => checkDirectory(dir, { write, clock: systemClock })

describe('checkDirectory', () => {
  test('makes the folder if it may be written, and asks for it if it is only read', async () => {
    const dir = join(await temporaryFolder(), 'deep', 'fixtures')
    await expect(check(dir, false)).rejects.toMatchObject({
      code: 'fixtures_unusable',
      message: expect.stringMatching(/ does not exist\. Set FIXTURES to one that can be used/),
    })
    await check(dir, true)
    await check(dir, false)
  })

  test('takes away what killed processes have left, in sub-directories too, once it is old', async () => {
    const dir = await temporaryFolder()
    await mkdir(join(dir, 'chat'))
    const [old, recent] = ['.x-1.jsonl.1.0123456789ab.tmp', '.x-1.jsonl.2.0123456789ab.tmp']
    const theirs = ['.keep.tmp', 'x-1.jsonl.1.0123456789ab.tmp', '.x-1.jsonl']
    for (const name of [old, `chat/${old}`, recent, ...theirs]) await writeFile(join(dir, name), '')
    for (const name of [old, `chat/${old}`, ...theirs]) await utimes(join(dir, name), 1, 1)
    await check(dir, false)
    expect(await readdir(dir)).toContain(old)
    await check(dir, true)
    expect((await readdir(dir, { recursive: true })).toSorted()).toEqual([...theirs, recent, 'chat'].toSorted())
  })

  test('minds no temporary file that is gone by the time that it is looked at', async () => {
    const dir = await temporaryFolder()
    await symlink('nowhere', join(dir, '.x-1.jsonl.1.0123456789ab.tmp'))
    await check(dir, true)
  })

  test('takes no file for a folder', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    for (const write of [true, false]) {
      await expect(check(file, write)).rejects.toMatchObject({ message: expect.stringContaining('is no directory') })
    }
    await expect(check(join(file, 'below'), true)).rejects.toMatchObject({ code: 'fixtures_unusable' })
    await expect(check('x'.repeat(5000), true)).rejects.toMatchObject({
      code: 'fixtures_unusable',
      message: expect.stringContaining('cannot be used: ENAMETOOLONG'),
    })
  })

  test.skipIf(process.getuid?.() === 0)('refuses a folder without the rights', async () => {
    const dir = join(await temporaryFolder(), 'locked')
    await mkdir(dir)
    await chmod(dir, 0o555)
    await check(dir, false)
    await expect(check(dir, true)).rejects.toMatchObject({ message: expect.stringContaining('may not be') })
    await chmod(dir, 0o000)
    await expect(check(dir, false)).rejects.toMatchObject({ message: expect.stringContaining('may not be') })
  })
})

describe('listFixtures', () => {
  test('names what is in sub-directories with slashes, sorted', async () => {
    const dir = await temporaryFolder()
    await mkdir(join(dir, 'b', 'c'), { recursive: true })
    for (const name of ['z.jsonl', 'a.jsonl', 'b/c/d.jsonl', 'b/a.jsonl', 'b/x.json'])
      await writeFile(join(dir, name), '')
    expect(await listFixtures(dir)).toEqual(['a.jsonl', 'b/a.jsonl', 'b/c/d.jsonl', 'z.jsonl'])
  })

  test('of what is no folder, or is not there, are none; what cannot be read is an error', async () => {
    const dir = await temporaryFolder()
    await writeFile(join(dir, 'file'), '')
    expect(await listFixtures(join(dir, 'file'))).toEqual([])
    expect(await listFixtures(join(dir, 'none'))).toEqual([])
    await symlink('loop', join(dir, 'loop'))
    await expect(listFixtures(join(dir, 'loop'))).rejects.toMatchObject({ code: 'fixture_invalid' })
  })
})

describe('the lines of a file', () => {
  const linesIn = async (text: string | Uint8Array) => {
    const path = join(await temporaryFolder(), 'x.jsonl')
    await writeFile(path, text)
    const all: string[] = []
    for await (const lines of linesOf(path)) all.push(...lines)
    return { all, first: await firstLine(path) }
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
    await expect(firstLine(path)).rejects.toMatchObject({
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
    expect(stateOf(path)).toBeUndefined()
    await writeFile(path, 'one')
    await utimes(path, 1, 1)
    const before = stateOf(path)
    expect(before).toEqual({ bytes: 3, version: expect.any(String) })
    expect(stateOf(path)).toEqual(before)
    await writeFile(path, 'two')
    await utimes(path, 1, 1)
    expect(stateOf(path)?.version).not.toBe(before?.version)
  })
})

describe('writeWhole', () => {
  const good = fixtureOf(HI, compose('good').text(['Hi']).completed())
  const failed = fixtureOf(HI, compose('bad').failed('server_error', 'Oh'))

  test('writes over a failure and over what is damaged, and no failure over what is good', async () => {
    const dir = await temporaryFolder()
    const write = (fixture: typeof good) => writeWhole(dir, 'x.jsonl', fixture, systemClock)
    await writeFile(join(dir, 'x.jsonl'), 'damaged')
    expect([await write(failed), await write(failed), await write(good), await write(failed)]).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(await readFile(join(dir, 'x.jsonl'), 'utf8')).toContain('response.completed')
    expect(await readdir(dir)).toEqual(['x.jsonl'])
  })

  test('leaves nothing if it cannot', async () => {
    const dir = await temporaryFolder()
    await expect(writeWhole(join(dir, 'none'), 'x.jsonl', good, systemClock)).rejects.toMatchObject({ code: 'ENOENT' })
    // A folder stands in the place.
    await mkdir(join(dir, 'x.jsonl', 'full'), { recursive: true })
    for (const fixture of [good, failed]) {
      await expect(writeWhole(dir, 'x.jsonl', fixture, systemClock)).rejects.toMatchObject({ code: expect.any(String) })
    }
    expect(await readdir(dir)).toEqual(['x.jsonl'])
  })

  test('never changes a file that somebody reads', async () => {
    const dir = await temporaryFolder()
    await writeWhole(dir, 'x.jsonl', good, systemClock)
    const file = await open(join(dir, 'x.jsonl'))
    const before = await readFile(join(dir, 'x.jsonl'), 'utf8')
    await writeWhole(dir, 'x.jsonl', { ...good, endedAt: 999_999 }, systemClock)
    expect(await file.readFile('utf8')).toBe(before)
    await file.close()
    expect(await readFile(join(dir, 'x.jsonl'), 'utf8')).toContain('999999')
  })
})
