/** A directory in front of a real engine. */
import { mkdtempSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { openRedis } from '../../../server/store/drivers/redis.ts'
import { cached } from '../../../server/store/layers/cached.ts'
import { fresh } from '../../../server/store/layers/fresh.ts'
import { copiesIn, openDriver } from '../../../server/store/open.ts'
import { onEngine } from '../../kit/engines.ts'
import { temporaryFolder } from '../../kit/tools.ts'
import { testContract } from '../drivers/contract.ts'

onEngine('redis', 'a directory in front of Redis', (freshPlace) => {
  testContract({
    engine: 'redis',
    open: (options) => {
      const dir = mkdtempSync(join(tmpdir(), 'deltatape-'))
      onTestFinished(() => rm(dir, { recursive: true }))
      const engine = openRedis(options)
      const front = cached(engine, copiesIn(dir, engine, systemClock), { clock: systemClock, dir, warn() {} })
      return fresh(front, { forMs: 0, clock: systemClock })
    },
    freshPlace,
  })

  test('is what a configuration opens', async () => {
    const dir = await temporaryFolder()
    const settings = { fixturesDir: freshPlace(), fixturesCache: dir, mode: 'replay', fixturesFreshMs: 5000 }
    const watched: string[] = []
    const driver = openDriver(settings, {
      clock: systemClock,
      watch: ({ operation, outcome }) => watched.push(`${operation} ${outcome}`),
    })
    onTestFinished(() => driver.close())
    await driver.put('a.jsonl', Buffer.from('one'))
    const got = await driver.get('a.jsonl')
    const known = typeof got === 'object' ? got.version : undefined
    expect(driver.get('a.jsonl', { known })).toBe('same')
    expect(watched).toEqual(['put written', 'get same'])
    expect((await readdir(dir)).filter((name) => !name.startsWith('.'))).toEqual(['a.jsonl'])
    await driver.remove('a.jsonl')
  })
})
