import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { committed } from '../../server/store/committed.ts'
import { commitAll, temporaryFolder } from '../kit/tools.ts'

async function repository(): Promise<string> {
  const dir = await temporaryFolder()
  await mkdir(join(dir, 'deep'))
  await writeFile(join(dir, 'deep', 'file.jsonl'), 'as it was: ä\n')
  await commitAll(dir)
  return dir
}

test('gives a file as it was committed, whatever it is now', async () => {
  const dir = await repository()
  const path = join(dir, 'deep', 'file.jsonl')
  await writeFile(path, 'as it is')
  expect(await committed(path, 'HEAD')).toBe('as it was: ä\n')
  await promisify(execFile)('git', ['tag', 'before'], { cwd: dir })
  await commitAll(dir)
  expect(await committed(path, 'HEAD')).toBe('as it is')
  expect(await committed(path, 'before')).toBe('as it was: ä\n')
})

test('says why it cannot', async () => {
  const dir = await repository()
  await writeFile(join(dir, 'new.jsonl'), '')
  const refused = (path: string, revision = 'HEAD') => expect(committed(path, revision)).rejects
  await refused(join(dir, 'new.jsonl')).toMatchObject({
    code: 'not_found',
    message: expect.stringMatching(/new\.jsonl cannot be compared with HEAD: it is not in there\. Commit it, or/),
  })
  await refused(join(dir, 'new.jsonl'), 'nowhere').toThrow('with nowhere: there is no such revision.')
  await refused(join(dir, 'new.jsonl'), '--output=x').toThrow('that is not a revision.')
  await refused(join(dir, 'new.jsonl'), '').toThrow('that is not a revision.')
  await refused(join(dir, 'new.jsonl'), 'HEAD\0').toThrow(String.raw`with HEAD\u0000: that is not a revision.`)
  const outside = await temporaryFolder()
  await refused(join(outside, 'x.jsonl')).toThrow('it is in no git repository.')
})

test('says so where git is not installed', async () => {
  const { PATH } = process.env
  onTestFinished(() => void (process.env.PATH = PATH))
  process.env.PATH = await temporaryFolder()
  await expect(committed(join(process.env.PATH, 'x.jsonl'), 'HEAD')).rejects.toThrow('git is not installed')
})
