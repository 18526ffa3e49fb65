import { execFile } from 'node:child_process'
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { committed, committedIn, isIdOf } from '../../server/store/committed.ts'
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

test.each(['sha1', 'sha256'])(
  'names what a directory had, by ids of %s that tell whether it is as it was',
  async (format) => {
    const dir = await temporaryFolder()
    await promisify(execFile)('git', ['init', '--quiet', `--object-format=${format}`], { cwd: dir })
    await mkdir(join(dir, 'deep', 'more'), { recursive: true })
    for (const name of ['deep/ä b.jsonl', 'deep/more/x.jsonl', 'y.jsonl'])
      await writeFile(join(dir, name), `${name}: ä\n`)
    await commitAll(dir)
    const ids = await committedIn(join(dir, 'deep'), 'HEAD')
    expect([...ids.keys()].toSorted()).toEqual(['more/x.jsonl', 'ä b.jsonl'])
    const id = ids.get('ä b.jsonl') ?? ''
    expect(isIdOf(id, 'deep/ä b.jsonl: ä\n')).toBe(true)
    expect(isIdOf(id, 'deep/ä b.jsonl: a\n')).toBe(false)
  },
)

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

test('fetches nothing that a clone lacks, and tells how it is fetched', async () => {
  const from = await repository()
  const dir = join(await temporaryFolder(), 'clone')
  const git = (...words: readonly string[]) => promisify(execFile)('git', words, { cwd: from })
  await git('config', 'uploadpack.allowFilter', 'true')
  await git('clone', '--quiet', '--no-checkout', '--filter=blob:none', `file://${from}`, dir)
  await mkdir(join(dir, 'deep'))
  const path = join(dir, 'deep', 'file.jsonl')
  const command = `git -C ${join(dir, 'deep')} cat-file blob HEAD:./file.jsonl`
  await expect(committed(path, 'HEAD')).rejects.toThrow(
    `it was left out of this clone, and is not fetched for this. Fetch it: ${command}`,
  )
  await git(...command.split(' ').slice(1))
  expect(await committed(path, 'HEAD')).toBe('as it was: ä\n')
})

test('runs nothing that a folder names which is a repository itself', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'file.jsonl'), 'as it was\n')
  await commitAll(dir)
  const git = (...words: readonly string[]) => promisify(execFile)('git', words, { cwd: dir })
  const { stdout: id } = await git('rev-parse', 'HEAD:file.jsonl')
  const ran = join(await temporaryFolder(), 'ran')
  const settings = {
    'core.worktree': '.',
    'core.repositoryFormatVersion': '1',
    'core.sshCommand': `touch ${ran};`,
    'extensions.partialClone': 'origin',
    'remote.origin.promisor': 'true',
    'remote.origin.url': 'ssh://example.com/x',
  }
  for (const [name, value] of Object.entries(settings)) await git('config', name, value)
  // What is not there is fetched, by whatever command the repository names.
  await rm(join(dir, '.git', 'objects', id.slice(0, 2), id.slice(2).trim()))
  for (const name of await readdir(join(dir, '.git'))) await rename(join(dir, '.git', name), join(dir, name))
  await rm(join(dir, '.git'), { recursive: true })
  await expect(committed(join(dir, 'file.jsonl'), 'HEAD')).rejects.toMatchObject({ code: 'not_found' })
  await expect(committedIn(dir, 'HEAD')).rejects.toMatchObject({ code: 'not_found' })
  await expect(access(ran)).rejects.toThrow('ENOENT')
})

test('says so where git is not installed', async () => {
  const { PATH } = process.env
  onTestFinished(() => void (process.env.PATH = PATH))
  process.env.PATH = await temporaryFolder()
  await expect(committed(join(process.env.PATH, 'x.jsonl'), 'HEAD')).rejects.toThrow('git is not installed')
})
