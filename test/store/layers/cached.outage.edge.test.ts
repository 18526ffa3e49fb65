/** A directory in front of a real engine that is killed, and comes back. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { type Driver, type Got, wholeOf } from '../../../server/store/driver.ts'
import { openDriver } from '../../../server/store/open.ts'
import { freePort } from '../../kit/ports.ts'
import { temporaryFolder } from '../../kit/tools.ts'

const isInstalled = spawnSync('redis-server', ['--version']).status === 0

/** A Redis that keeps what it was given, of this test alone. */
async function startRedis(port: string, dir: string): Promise<ChildProcess> {
  const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--dir', dir]
  const child = spawn('redis-server', [...options, '--appendfsync', 'always'], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
    if (String(text).includes('Ready to accept connections')) break
  }
  child.stdout.resume()
  return child
}

const textOf = async (got: Got | Promise<Got>): Promise<string | undefined> => {
  const found = await got
  return typeof found === 'object' ? (await wholeOf(found)).toString() : found
}

test.skipIf(!isInstalled && !process.env.CI)(
  'what was read is played while the engine is gone, and what is new is seen when it is back',
  async () => {
    const [port, folder, cache] = [await freePort(), await temporaryFolder(), await temporaryFolder()]
    const place = { fixturesDir: `redis://127.0.0.1:${port}/0`, fixturesTimeoutMs: 5000 }
    const told: string[] = []
    const stale: string[] = []
    const surroundings = { clock: systemClock, warn: (text: string) => told.push(text), onStale: () => stale.push('x') }
    const open = (more: object = {}): Driver => {
      const driver = openDriver({ ...place, ...more }, surroundings)
      onTestFinished(() => driver.close())
      return driver
    }
    const redis = await startRedis(port, folder)
    const [elsewhere, driver] = [open(), open({ fixturesCache: cache })]
    for (const name of ['a.jsonl', 'b.jsonl', 'never-read.jsonl']) await elsewhere.put(name, Buffer.from(name))
    for (const name of ['a.jsonl', 'b.jsonl']) expect(await textOf(driver.get(name))).toBe(name)

    redis.kill('SIGKILL')
    await once(redis, 'exit')
    for (const name of ['a.jsonl', 'b.jsonl', 'a.jsonl']) expect(await textOf(driver.get(name))).toBe(name)
    await expect(textOf(driver.get('never-read.jsonl'))).rejects.toMatchObject({ code: 'store_away' })
    await expect(driver.put('a.jsonl', Buffer.from('lost'))).rejects.toMatchObject({ code: 'store_away' })
    // A process that starts now finds all that was read before.
    const later = open({ fixturesCache: cache })
    await later.check({ write: false })
    expect(await textOf(later.get('b.jsonl'))).toBe('b.jsonl')
    expect([told.length, stale.length]).toEqual([2, 4])

    await startRedis(port, folder)
    await elsewhere.put('a.jsonl', Buffer.from('anew'))
    const seen = () => textOf(driver.get('a.jsonl'))
    await expect.poll(seen, { interval: 200 }).toBe('anew')
    expect(await textOf(driver.get('never-read.jsonl'))).toBe('never-read.jsonl')
  },
)
