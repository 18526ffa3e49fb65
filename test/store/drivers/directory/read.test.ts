/** How a file is read: as it was found, or not at all. */
import { appendFile, mkdir, open, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pathOf, stateOf } from '../../../../server/store/drivers/directory/files.ts'
import { bodyOf } from '../../../../server/store/drivers/directory/read.ts'
import { temporaryFolder } from '../../../kit/tools.ts'

const SIZES = [1000, 256 * 1024, 256 * 1024 + 1, 3 * 1024 * 1024]

/** A file as it was found, and what reads it. */
async function found(size: number) {
  const dir = await temporaryFolder()
  const path = join(dir, 'x.jsonl')
  await writeFile(path, 'x'.repeat(size))
  // Long ago: the clock of a disk may not tell this moment from the next.
  await utimes(path, 1, 1)
  const state = stateOf(pathOf(dir, 'x.jsonl'), 'x.jsonl')
  if (state === undefined) throw new Error('It was just now written.')
  const read = async (afterFirst = async () => {}) => {
    const pieces: Buffer[] = []
    for await (const piece of bodyOf(dir, 'x.jsonl', state)) if (pieces.push(piece) === 1) await afterFirst()
    return Buffer.concat(pieces).toString()
  }
  return { path, read }
}

test.each(SIZES)(
  'what was edited in its place since it was found has changed, whatever it is now: %i',
  async (size) => {
    const edits = [
      (path: string) => writeFile(path, 'y'.repeat(size)),
      (path: string) => appendFile(path, 'y'),
      (path: string) => writeFile(path, ''),
      (path: string) => utimes(path, 2, 2),
      (path: string) => rm(path),
      (path: string) => rm(path).then(() => mkdir(path)),
      (path: string) => rm(path).then(() => symlink('/dev/zero', path)),
    ]
    for (const edit of edits) {
      const { path, read } = await found(size)
      expect(await read()).toBe('x'.repeat(size))
      await edit(path)
      await expect(read()).rejects.toMatchObject({
        code: 'store_changed',
        message: 'x.jsonl was written over or taken away while it was read. Ask for it again.',
      })
    }
  },
)

test('what is edited in its place while it is read has changed, before anybody has all of it', async () => {
  const { path, read } = await found(3 * 1024 * 1024)
  const writeInto = async (text: string, at: number) => {
    const file = await open(path, 'r+')
    await file.write(text, at)
    await file.close()
  }
  await expect(read(() => writeInto('y', 2 * 1024 * 1024))).rejects.toMatchObject({ code: 'store_changed' })
  const cut = await found(3 * 1024 * 1024)
  await expect(cut.read(() => writeFile(cut.path, 'y'))).rejects.toMatchObject({ code: 'store_changed' })
})

test('what cannot be read is told as that', async () => {
  for (const size of SIZES) {
    const { path, read } = await found(size)
    await rm(path)
    await symlink('x.jsonl', path)
    await expect(read()).rejects.toMatchObject({
      code: 'fixture_invalid',
      message: 'x.jsonl cannot be read: ELOOP. A link in its path leads to itself: remove that.',
    })
  }
})
