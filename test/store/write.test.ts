/** How a fixture is written: whole, and by one process at a time. */
import { spawnSync } from 'node:child_process'
import { mkdir, open, readFile, readdir, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { alone, writeWhole } from '../../server/store/write.ts'
import { temporaryFolder } from '../kit/tools.ts'

describe('writeWhole', () => {
  test('leaves nothing if it cannot', async () => {
    const dir = await temporaryFolder()
    await expect(writeWhole(join(dir, 'none'), 'x.jsonl', 'x', systemClock)).rejects.toMatchObject({ code: 'ENOENT' })
    // A folder stands in the place.
    await mkdir(join(dir, 'x.jsonl', 'full'), { recursive: true })
    await expect(writeWhole(dir, 'x.jsonl', 'x', systemClock)).rejects.toMatchObject({ code: expect.any(String) })
    expect(await readdir(dir)).toEqual(['x.jsonl'])
  })

  test('never changes a file that somebody reads', async () => {
    const dir = await temporaryFolder()
    await writeWhole(dir, 'x.jsonl', 'one', systemClock)
    const file = await open(join(dir, 'x.jsonl'))
    await writeWhole(dir, 'x.jsonl', 'another', systemClock)
    expect(await file.readFile('utf8')).toBe('one')
    await file.close()
    expect(await readFile(join(dir, 'x.jsonl'), 'utf8')).toBe('another')
    expect(await readdir(dir)).toEqual(['x.jsonl'])
  })
})

describe('alone', () => {
  const KEY = 'a'.repeat(64)
  const lockIn = (dir: string) => join(dir, `.${KEY}.jsonl.lock`)

  test('lets nobody else in while it works, and leaves no lock behind, however it ends', async () => {
    const dir = await temporaryFolder()
    let [inside, most] = [0, 0]
    const work = async () => {
      most = Math.max(most, ++inside)
      await systemClock.sleep(1, new AbortController().signal)
      inside--
    }
    await Promise.all(Array.from({ length: 20 }, () => alone(dir, KEY, systemClock, work)))
    expect(most).toBe(1)
    const failing = alone(dir, KEY, systemClock, () => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    expect(await readdir(dir)).toEqual([])
  })

  test('takes the lock of a process that was killed, at once', async () => {
    const dir = await temporaryFolder()
    const { pid } = spawnSync(process.execPath, ['--version'])
    await writeFile(lockIn(dir), `${pid} ${hostname()}`)
    const before = systemClock.now()
    const all = Array.from({ length: 5 }, () => alone(dir, KEY, systemClock, async () => systemClock.now() - before))
    expect(Math.max(...(await Promise.all(all)))).toBeLessThan(5000)
    expect(await readdir(dir)).toEqual([])
  })

  test.each([
    ['another machine', 11, '1 elsewhere'],
    ['nobody that it names', 11, ''],
    ['this machine', 61, `${process.pid} ${hostname()}`],
  ])('takes the lock of %s once it is %d seconds old', async (_whose, seconds, owner) => {
    const dir = await temporaryFolder()
    await writeFile(lockIn(dir), owner)
    const at = systemClock.date().getTime() / 1000 - seconds
    await utimes(lockIn(dir), at, at)
    expect(await alone(dir, KEY, systemClock, async () => 'done')).toBe('done')
    expect(await readdir(dir)).toEqual([])
  })

  test('fails with EBUSY if another holds it for too long', async () => {
    const dir = await temporaryFolder()
    await writeFile(lockIn(dir), `${process.pid} ${hostname()}`)
    let time = 0
    const clock = { ...systemClock, now: () => (time += 1000), sleep: async () => {} }
    await expect(alone(dir, KEY, clock, async () => 'done')).rejects.toMatchObject({ code: 'EBUSY' })
    expect(await readdir(dir)).toHaveLength(1)
  })

  test('fails as the system says where there is no folder', async () => {
    const dir = join(await temporaryFolder(), 'none')
    await expect(alone(dir, KEY, systemClock, async () => 'done')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
