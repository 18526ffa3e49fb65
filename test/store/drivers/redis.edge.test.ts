/** Redis as a place for fixtures. */
import { createClient } from 'redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openRedis } from '../../../server/store/drivers/redis.ts'
import { onEngine } from '../../kit/engines.ts'
import { type OwnEngine, ownRedis } from '../../kit/own-engines.ts'
import { freePort } from '../../kit/ports.ts'
import { testContract } from './contract.ts'
import { bytes, expectGivenUp, expectTold, lifeOf, opener, pagesOf, textOf } from './kit.ts'

const open = opener(openRedis)
const opened = async (place: string) => open(place)
const addressOf = ({ port }: OwnEngine, user = '', path = '/0') => `redis://${user}127.0.0.1:${port}${path}`

/** Somebody who gives commands of his own. */
async function admin(address: string) {
  const client = createClient({ url: address.split('?')[0] ?? '' })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => void client.destroy())
  return client
}

const prefixOf = (place: string) => new URL(place).searchParams.get('prefix') ?? ''

onEngine('redis', 'fixtures on Redis', (placeOf) => {
  /** A place that is empty again after the test. */
  const fresh = () => {
    const place = placeOf()
    onTestFinished(async () => {
      const client = createClient({ url: place.split('?')[0] ?? '' })
      await client.connect()
      for await (const keys of client.scanIterator({ MATCH: `{${prefixOf(place)}}:*`, COUNT: 1000 }))
        if (keys.length > 0) await client.unlink(keys)
      client.destroy()
    })
    return place
  }

  testContract({ engine: 'redis', open: openRedis, freshPlace: fresh })

  describe('what it let go of is told', () => {
    test('an object that the index still has', async () => {
      const place = fresh()
      const driver = open(place)
      await driver.put('a.jsonl', bytes(5))
      await (await admin(place)).del(`{${prefixOf(place)}}:object:a.jsonl`)
      await expectTold(Promise.resolve(driver.get('a.jsonl')), 'store_forgot', /a\.jsonl.* noeviction/)
      await expectTold(Promise.resolve(driver.get('a.jsonl', { known: 'x' })), 'store_forgot', /a\.jsonl/)
      expect(await driver.get('b.jsonl')).toBeUndefined()
      expect(await driver.putIf('a.jsonl', bytes(3), 'absent')).toEqual(expect.any(String))
      expect(await textOf(driver, 'a.jsonl')).toBe('xxx')
      await driver.put('c.jsonl', bytes(1))
      await (await admin(place)).del(`{${prefixOf(place)}}:object:c.jsonl`)
      expect(await driver.remove('c.jsonl', 'x')).toBe(false)
      expect(await driver.get('c.jsonl')).toBeUndefined()
      expect(await pagesOf(driver)).toMatchObject([{ entries: [{ name: 'a.jsonl', bytes: 3 }], unknown: undefined }])
    })

    test('its index, whether something was written since or not: what is there is read all the same', async () => {
      const place = fresh()
      const driver = open(place)
      for (const name of ['a.jsonl', 'b.jsonl']) await driver.put(name, bytes(5))
      await (await admin(place)).del(`{${prefixOf(place)}}:index`)
      for (const listed of [0, 1]) {
        expect(await textOf(driver, 'a.jsonl')).toBe('xxxxx')
        await expectTold(Promise.resolve(driver.get('never.jsonl')), 'store_forgot', /index/)
        const [page] = await pagesOf(driver, 'c')
        expect(page).toMatchObject({ unknown: [{ code: 'store_forgot' }] })
        expect(page?.entries).toHaveLength(listed)
        await driver.put('c.jsonl', bytes(1))
      }
    })

    test('anything, on an engine that is too small and lets go of what is old', async () => {
      const engine = await ownRedis('--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-lru')
      await engine.start()
      const driver = open(addressOf(engine))
      await expectTold(driver.check({ write: true }), 'store_refused', /allkeys-lru.* noeviction/)
      await driver.check({ write: false })
      const names = Array.from({ length: 1000 }, (_, index) => `${index}.jsonl`)
      for (const name of names) await driver.put(name, bytes(5000))
      const became = await Promise.all(
        names.map(
          async (name) => (await Promise.resolve(driver.get(name)).catch((error: unknown) => error)) ?? 'missed',
        ),
      )
      const forgotten = became.filter(
        (each) => typeof each === 'object' && 'code' in each && each.code === 'store_forgot',
      )
      expect(forgotten.length).toBeGreaterThan(400)
      expect(became.filter((each) => typeof each === 'object' && 'body' in each)).toHaveLength(1000 - forgotten.length)
    })
  })

  test('a version does not come again once all was lost', async () => {
    const engine = await ownRedis()
    await engine.start()
    const driver = open(addressOf(engine))
    const known = await driver.put('a.jsonl', bytes(5))
    await (await admin(addressOf(engine))).flushAll()
    expect(await driver.get('a.jsonl', { known })).toBeUndefined()
    expect(await driver.put('a.jsonl', bytes(5))).not.toBe(known)
    expect(await driver.get('a.jsonl', { known })).toMatchObject({ bytes: 5 })
  })

  test('what is full refuses, and reads on', async () => {
    const engine = await ownRedis('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction')
    await engine.start()
    const driver = open(addressOf(engine))
    await driver.check({ write: true })
    await driver.put('a.jsonl', bytes(5))
    const filling = async () => {
      for (let index = 0; index < 100; index++) await driver.put(`${index}.bin`, bytes(100_000))
    }
    await expectTold(filling(), 'store_refused', /is full: OOM.* prune/)
    expect(await textOf(driver, 'a.jsonl')).toBe('xxxxx')
    expect(await pagesOf(driver)).toMatchObject([{ unknown: undefined }])
  })

  describe('what is refused says what to do', () => {
    test('a password', async () => {
      const engine = await ownRedis('--requirepass', 's3cret/@word')
      await engine.start()
      for (const user of ['', ':wr0ng-s3cret@', 'nobody:wr0ng-s3cret@'])
        await expectTold(open(addressOf(engine, user)).check({ write: false }), 'store_refused', /does not let.*%40/)
      const driver = open(addressOf(engine, `:${encodeURIComponent('s3cret/@word')}@`))
      await driver.put('a.jsonl', bytes(5))
      expect(await textOf(driver, 'a.jsonl')).toBe('xxxxx')
      expect(driver.place).toBe(`redis://127.0.0.1:${engine.port}/0`)
    })

    test('a right: who may read reads, lists and checks', async () => {
      const engine = await ownRedis()
      await engine.start()
      await open(addressOf(engine)).put('a.jsonl', bytes(3_000_000))
      const rights = ['on', '>pw', '+@read', '+@transaction', '%R~{deltatape}:*']
      await (await admin(addressOf(engine))).sendCommand(['ACL', 'SETUSER', 'reader', ...rights])
      const reader = open(addressOf(engine, 'reader:pw@'))
      await reader.check({ write: false })
      expect(await textOf(reader, 'a.jsonl')).toBe('x'.repeat(3_000_000))
      expect(await reader.get('b.jsonl')).toBeUndefined()
      expect(await pagesOf(reader)).toMatchObject([{ entries: [{ name: 'a.jsonl' }] }])
      await expectTold(reader.put('a.jsonl', bytes(1)), 'store_refused', /NOPERM.*\+evalsha.*~\{deltatape\}:/)
      await expectTold(reader.check({ write: true }), 'store_refused', /NOPERM/)
      await expectTold(reader.remove('a.jsonl'), 'store_refused', /NOPERM/)
    })

    test('a replica, of which all is read', async () => {
      const [engine, replica] = [await ownRedis('--repl-diskless-sync-delay', '0'), await ownRedis()]
      await Promise.all([engine.start(), replica.start()])
      await open(addressOf(engine)).put('a.jsonl', bytes(5))
      const client = await admin(addressOf(replica))
      await client.replicaOf('127.0.0.1', Number(engine.port))
      const driver = open(addressOf(replica))
      await expect.poll(() => textOf(driver, 'a.jsonl').catch(() => '')).toBe('xxxxx')
      expect(await pagesOf(driver)).toMatchObject([{ entries: [{ name: 'a.jsonl' }] }])
      await expectTold(driver.put('a.jsonl', bytes(1)), 'store_refused', /replica.*primary/)
      await expectTold(driver.check({ write: true }), 'store_refused', /replica.*primary/)
    })

    test('a database that it does not have, and an address that is none', async () => {
      const place = new URL(fresh())
      place.pathname = '/9999'
      await expectTold(open(place.href).check({ write: false }), 'store_refused', /no such database/)
      for (const address of [
        'redis://user:s3cret#@host',
        'redis://user:s3cret@host:port',
        'redis://user:s3cret@host/name',
        'redis://user:s3cret@host/?prefix=',
        'redis://user:s3cret@host/?prefix={a}',
        'redis://user:s3cret@host/?other=a',
      ])
        await expectTold(opened(address), 'config_invalid', /^FIXTURES has /)
    })

    test('a value of somebody else, and one that is too large', async () => {
      const place = fresh()
      const driver = open(place)
      const client = await admin(place)
      await client.set(`{${prefixOf(place)}}:object:a.jsonl`, 'something else')
      await expectTold(Promise.resolve(driver.get('a.jsonl')), 'store_refused', /something else/)
      await client.hSet(`{${prefixOf(place)}}:object:b.jsonl`, 'something', 'else')
      await expectTold(Promise.resolve(driver.get('b.jsonl')), 'store_refused', /WRONGTYPE/)
      await expectTold(driver.put('c.jsonl', Buffer.allocUnsafe(512 * 1024 * 1024)), 'store_refused', /512 MiB/)
    })
  })

  test('a cluster is followed to the node that has the keys', async () => {
    const nodes = await Promise.all(
      Array.from({ length: 2 }, async () => ownRedis('--cluster-enabled', 'yes', '--cluster-port', await freePort())),
    )
    await Promise.all(nodes.map((node) => node.start()))
    const [one, two] = await Promise.all(nodes.map((node) => admin(addressOf(node))))
    if (!one || !two) throw new Error('there are two')
    await one.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '8191'])
    await two.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '8192', '16383'])
    const { port = '', busPort = '' } =
      /:(?<port>\d+)@(?<busPort>\d+)/.exec(String(await two.clusterNodes()))?.groups ?? {}
    await one.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', port, busPort])
    const isWhole = async () =>
      (await Promise.all([one.clusterInfo(), two.clusterInfo()])).every((info) =>
        String(info).includes('cluster_state:ok'),
      )
    await expect.poll(isWhole).toBe(true)
    const drivers = nodes.map((node) => open(addressOf(node)))
    await Promise.all(
      drivers.flatMap((driver, index) =>
        Array.from({ length: 20 }, (_, each) => driver.put(`${index}-${each}.jsonl`, bytes(5))),
      ),
    )
    for (const driver of drivers) {
      await driver.check({ write: true })
      expect(await textOf(driver, '1-1.jsonl')).toBe('xxxxx')
      expect(await pagesOf(driver)).toMatchObject([{ entries: { length: 40 }, unknown: undefined }])
    }
  })

  describe('an engine that is away', () => {
    test('goes on once it is back: nobody opens anything anew', async () => {
      const engine = await ownRedis()
      await engine.start()
      const driver = open(addressOf(engine))
      const known = await driver.put('a.jsonl', bytes(5))
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        await engine.kill(signal)
        await expectTold(Promise.resolve(driver.get('a.jsonl')), 'store_away', /cannot be reached|closed/)
        await expectTold(driver.check({ write: false }), 'store_away', /cannot be reached: connect ECONNREFUSED/)
        await engine.start()
        expect(await driver.get('a.jsonl', { known })).toBe('same')
        await driver.put('b.jsonl', bytes(5))
      }
    })

    test('is away, too, while it still reads its file', async () => {
      const engine = await ownRedis('--appendonly', 'no', '--loading-process-events-interval-bytes', '1024')
      await engine.start()
      const driver = open(addressOf(engine))
      for (let index = 0; index < 30; index++) await driver.put(`${index}.jsonl`, bytes(5000))
      await (await admin(addressOf(engine))).sendCommand(['SAVE'])
      await engine.kill('SIGKILL')
      await engine.start(/Loading RDB/, '--key-load-delay', '100000')
      await expectTold(Promise.resolve(driver.get('0.jsonl')), 'store_away', /is not ready: LOADING/)
      await expect.poll(() => textOf(driver, '0.jsonl').catch(() => '')).toHaveLength(5000)
    })

    test('is given up in time if it is silent', async () => {
      await expectGivenUp(open, (port) => `redis://user:s3cret@127.0.0.1:${port}/0`)
    })

    test('is not waited for by a process that has nothing else to do', async () => {
      expect(await lifeOf('redis', 'openRedis', fresh())).toEqual(['3\n', 0])
    })
  })
})
