/** Work on one file, alone among all processes. */
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../../server/base/clock.ts'
import { createLocks, lockOf } from '../../../../server/store/drivers/directory/lock.ts'
import { temporaryFolder } from '../../../kit/tools.ts'

const NAME = 'say-hi-0123456789ab.jsonl'
const done = async () => 'done'

const began = systemClock.date()
/** With it a lock is waited for as long as it takes, however busy the machine is, and none grows old meanwhile. */
const patient = { ...systemClock, now: () => 0, date: () => began }

test('lets nobody else in while it works, and leaves no lock behind, however it ends', async () => {
  const dir = await temporaryFolder()
  await mkdir(join(dir, 'real'))
  await symlink('real', join(dir, 'linked'))
  let [inside, most] = [0, 0]
  const work = async () => {
    most = Math.max(most, ++inside)
    await systemClock.sleep(1, new AbortController().signal)
    inside--
  }
  const others = Array.from({ length: 20 }, (_, index) =>
    createLocks(dir, patient)(`${index % 2 === 0 ? 'real' : 'linked'}/${NAME}`, work),
  )
  await Promise.all(others)
  expect(most).toBe(1)
  const failing = createLocks(dir, systemClock)(NAME, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
  expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(['linked', 'real'])
})

test('those of one process go in order, also after one that failed; other names do not wait', async () => {
  const dir = await temporaryFolder()
  const alone = createLocks(dir, systemClock)
  const order: number[] = []
  let release = () => {}
  const held = alone(NAME, () => new Promise<void>((resolve) => void (release = resolve)))
  const failed = alone(NAME, () => Promise.reject(new Error('no'))).catch(() => order.push(1))
  const rest = [2, 3].map((index) => alone(NAME, async () => order.push(index)))
  expect(await alone('other.jsonl', done)).toBe('done')
  release()
  await Promise.all([held, failed, ...rest])
  expect(order).toEqual([1, 2, 3])
})

test('takes the lock of a process that was killed, at once', async () => {
  const dir = await temporaryFolder()
  const { pid } = spawnSync(process.execPath, ['--version'])
  await writeFile(join(dir, lockOf(NAME)), `${pid} ${hostname()}`)
  await utimes(join(dir, lockOf(NAME)), began.getTime() / 1000 - 1, began.getTime() / 1000 - 1)
  const all = Array.from({ length: 5 }, () => createLocks(dir, patient)(NAME, done))
  expect(await Promise.all(all)).toEqual(all.map(() => 'done'))
  expect(await readdir(dir)).toEqual([])
})

test.each([
  ['another machine', 11, '1 elsewhere'],
  ['nobody that it names', 11, ''],
  ['this machine', 61, `${process.pid} ${hostname()}`],
])('takes the lock of %s once it is %d seconds old', async (_whose, seconds, owner) => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, lockOf(NAME)), owner)
  const at = systemClock.date().getTime() / 1000 - seconds
  await utimes(join(dir, lockOf(NAME)), at, at)
  expect(await createLocks(dir, systemClock)(NAME, done)).toBe('done')
  expect(await readdir(dir)).toEqual([])
})

test('fails with EBUSY if another holds it for too long', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, lockOf(NAME)), `${process.pid} ${hostname()}`)
  let time = 0
  const clock = { ...systemClock, now: () => (time += 1000), sleep: async () => {} }
  await expect(createLocks(dir, clock)(NAME, done)).rejects.toMatchObject({ code: 'EBUSY' })
  expect(await readdir(dir)).toHaveLength(1)
})

test('fails as the system says where there is no folder', async () => {
  const dir = join(await temporaryFolder(), 'none')
  await expect(createLocks(dir, systemClock)(NAME, done)).rejects.toMatchObject({ code: 'ENOENT' })
})
