/** Whether a directory can serve as a place for fixtures. */
import { chmod, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../../server/base/clock.ts'
import { openDirectory } from '../../../../server/store/drivers/directory.ts'
import type { DriverOptions } from '../../../../server/store/driver.ts'
import { temporaryFolder } from '../../../kit/tools.ts'

/** By way of the driver, which lists what is left. */
const check = (place: string, write: boolean, more: Partial<DriverOptions> = {}) =>
  openDirectory({ place, clock: systemClock, timeoutMs: 1000, ...more }).check({ write })

test('makes the folder if it may be written, and asks for it if it is only read', async () => {
  const dir = join(await temporaryFolder(), 'deep', 'fixtures')
  await expect(check(dir, false)).rejects.toMatchObject({
    code: 'fixtures_unusable',
    message: expect.stringMatching(/ does not exist\. Set FIXTURES to one that can be used/),
  })
  await check(dir, true)
  await check(dir, false)
})

test('tells how to record into a folder that is missing, and into no other', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'file'), '')
  const told = (dir: string, howToRecord?: string) => check(dir, false, { howToRecord }).catch(String)
  const record = ', or record into it: `MODEL_MODE=record npx deltatape serve --fixtures '
  expect(await told(join(folder, 'none'))).toContain(`${record}${join(folder, 'none')}\`.`)
  expect(await told(join(folder, "it's none"))).toContain(`${record}'${folder}/it'\\''s none'\`.`)
  expect(await told(join(folder, 'none'), 'npm test')).toMatch(/`MODEL_MODE=record npm test`\.$/)
  expect(await told(join(folder, 'file'))).toMatch(/ is no directory\. Set FIXTURES to one that can be used\.$/)
})

test('a folder may be missing where nobody has recorded yet, and nowhere else', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'file'), '')
  await check(join(folder, 'none'), false, { mayBeMissing: true })
  const file = check(join(folder, 'file'), false, { mayBeMissing: true })
  await expect(file).rejects.toMatchObject({ code: 'fixtures_unusable' })
})

test('takes away what killed processes have left, in sub-directories too, once it is old', async () => {
  const dir = await temporaryFolder()
  await mkdir(join(dir, 'chat'))
  const [old, recent] = ['.x-1.jsonl.1.0123456789ab.tmp', '.x-1.jsonl.2.0123456789ab.tmp']
  const lock = '.x-1.jsonl.lock'
  const theirs = ['.keep.tmp', 'x-1.jsonl.1.0123456789ab.tmp', '.x-1.jsonl']
  for (const name of [old, lock, `chat/${old}`, recent, ...theirs]) await writeFile(join(dir, name), '')
  for (const name of [old, lock, `chat/${old}`, ...theirs]) await utimes(join(dir, name), 1, 1)
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

test('never fails beside somebody who writes: names come and go while it looks', async () => {
  const dir = await temporaryFolder()
  const done = new AbortController()
  const writing = async (lane: number) => {
    const [temporary, lock] = [`.x-${lane}.jsonl.1.0123456789ab.tmp`, `.x-${lane}.jsonl.lock`]
    while (!done.signal.aborted) {
      await writeFile(join(dir, lock), '')
      await mkdir(join(dir, `folder${lane}`), { recursive: true })
      await writeFile(join(dir, temporary), '')
      await rename(join(dir, temporary), join(dir, `x-${lane}.jsonl`))
      await rm(join(dir, `folder${lane}`), { recursive: true })
      await rm(join(dir, lock))
    }
  }
  const lanes = [1, 2, 3, 4].map(writing)
  for (let round = 0; round < 200; round++) await check(dir, true)
  done.abort()
  await Promise.all(lanes)
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
