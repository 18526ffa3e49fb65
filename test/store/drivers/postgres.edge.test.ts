/** PostgreSQL as a place for fixtures. */
import postgres from 'postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openPostgres } from '../../../server/store/drivers/postgres.ts'
import { onEngine } from '../../kit/engines.ts'
import { ownPostgres } from '../../kit/own-engines.ts'
import { testContract } from './contract.ts'
import { bytes, expectGivenUp, expectTold, lifeOf, opener, pagesOf, textOf } from './kit.ts'

const open = opener(openPostgres)
const opened = async (place: string) => open(place)

/** The place as another user, database or schema sees it, and with more in its query. */
function seenAs(
  place: string,
  {
    user,
    password = '',
    database,
    query = {},
  }: { user?: string; password?: string; database?: string; query?: Record<string, string> },
): string {
  const url = new URL(place)
  if (user !== undefined) url.username = user
  url.password = password
  if (database !== undefined) url.pathname = `/${database}`
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}

const tableOf = (place: string) => new URL(place).searchParams.get('table') ?? ''

/** Somebody who gives statements of his own. */
function admin(place: string) {
  const sql = postgres(place.split('?')[0] ?? '', { max: 1, onnotice: () => {} })
  onTestFinished(() => sql.end())
  return sql
}

onEngine('postgres', 'fixtures on PostgreSQL', (placeOf) => {
  /** A place of which nothing is left after the test. */
  const fresh = () => {
    const place = placeOf()
    onTestFinished(async () => {
      const sql = postgres(place.split('?')[0] ?? '', { max: 1, onnotice: () => {} })
      await sql`drop table if exists ${sql(tableOf(place))}`
      await sql`drop role if exists ${sql(`${tableOf(place)}_user`)}`
      await sql.end()
    })
    return place
  }
  /** A user without rights; his name. */
  const userOf = async (place: string, options = '') => {
    const name = `${tableOf(place)}_user`
    const sql = admin(place)
    await sql.unsafe(`create role ${name} login ${options}`)
    onTestFinished(async () => void (await sql`drop owned by ${sql(name)}`))
    return name
  }

  testContract({ engine: 'postgres', open: openPostgres, freshPlace: fresh })

  describe('its table', () => {
    const isThere = async (place: string) =>
      (await admin(place)`select to_regclass(${tableOf(place)}) as it`)[0]?.it !== null

    test('is made by who writes, not by who reads: without it there is nothing', async () => {
      const place = fresh()
      const reader = open(place)
      await reader.check({ write: false })
      expect(await reader.get('a.jsonl')).toBeUndefined()
      expect(await pagesOf(reader)).toEqual([])
      expect(await reader.remove('a.jsonl')).toBe(false)
      expect(await isThere(place)).toBe(false)
      await open(place).check({ write: true })
      expect(await isThere(place)).toBe(true)
    })

    test('is made by many at once', async () => {
      const place = fresh()
      const drivers = Array.from({ length: 8 }, () => open(place))
      await Promise.all(drivers.map((driver, index) => driver.put(`${index}.jsonl`, bytes(5))))
      expect(await pagesOf(open(place))).toMatchObject([{ entries: { length: 8 } }])
    })

    test('may be lost: no version comes again', async () => {
      const place = fresh()
      const driver = open(place)
      const known = await driver.put('a.jsonl', bytes(5))
      const sql = admin(place)
      await sql`drop table ${sql(tableOf(place))}`
      expect(await driver.get('a.jsonl', { known })).toBeUndefined()
      expect(await driver.put('a.jsonl', bytes(6))).not.toBe(known)
      expect(await driver.get('a.jsonl', { known })).toMatchObject({ bytes: 6 })
    })

    test('may stand in a schema, and be somebody else’s', async () => {
      const place = fresh()
      const sql = admin(place)
      await sql`create table ${sql(tableOf(place))} (id int)`
      await expectTold(
        Promise.resolve(open(place).get('a.jsonl')),
        'store_refused',
        /something else in the table t\w+.*\?table=/,
      )
      const own = `${tableOf(place)}_schema`
      const elsewhere = seenAs(place, { query: { table: `${own}.fixtures` } })
      await expectTold(open(elsewhere).check({ write: true }), 'store_refused', /no such schema/)
      await sql`create schema ${sql(own)}`
      onTestFinished(async () => void (await sql`drop schema ${sql(own)} cascade`))
      const driver = open(elsewhere)
      await driver.check({ write: true })
      await driver.put('a.jsonl', bytes(3))
      expect(await textOf(driver, 'a.jsonl')).toBe('xxx')
    })
  })

  describe('what is refused says what to do', () => {
    test('a right: who may read reads, lists and checks', async () => {
      const place = fresh()
      await open(place).put('a.jsonl', bytes(3_000_000))
      const user = await userOf(place)
      const reader = open(seenAs(place, { user }))
      await expectTold(reader.check({ write: false }), 'store_refused', /GRANT SELECT ON t/)
      await expectTold(Promise.resolve(reader.get('a.jsonl')), 'store_refused', /GRANT SELECT ON t.*/)
      const sql = admin(place)
      await sql`grant select on ${sql(tableOf(place))} to ${sql(user)}`
      await reader.check({ write: false })
      expect(await textOf(reader, 'a.jsonl')).toHaveLength(3_000_000)
      expect(await pagesOf(reader)).toMatchObject([{ entries: [{ name: 'a.jsonl' }] }])
      const writes = [
        () => reader.put('a.jsonl', bytes(1)),
        () => reader.remove('a.jsonl'),
        () => reader.check({ write: true }),
      ]
      for (const write of writes) await expectTold(write(), 'store_refused', /does not allow.*INSERT, UPDATE, DELETE/)
      // Who may write the rows needs no right to make tables.
      await sql`grant insert, update, delete on ${sql(tableOf(place))} to ${sql(user)}`
      await reader.check({ write: true })
      await reader.put('a.jsonl', bytes(1))
      expect(await textOf(reader, 'a.jsonl')).toBe('x')
    })

    test('a table that he may not make', async () => {
      const place = fresh()
      const stranger = open(seenAs(place, { user: await userOf(place) }))
      await stranger.check({ write: false })
      await expectTold(stranger.check({ write: true }), 'store_refused', /GRANT CREATE/)
      await expectTold(stranger.put('a.jsonl', bytes(1)), 'store_refused', /GRANT CREATE/)
    })

    test('writes to what is read-only', async () => {
      const place = fresh()
      await open(place).put('a.jsonl', bytes(3))
      const driver = open(seenAs(place, { query: { default_transaction_read_only: 'on' } }))
      await driver.check({ write: false })
      expect(await textOf(driver, 'a.jsonl')).toBe('xxx')
      for (const write of [() => driver.check({ write: true }), () => driver.put('a.jsonl', bytes(1))])
        await expectTold(write(), 'store_refused', /takes no writes.*primary/)
    })

    test('a database that is not there, and an address that is none', async () => {
      const place = fresh()
      await expectTold(
        open(seenAs(place, { database: 'nowhere' })).check({ write: false }),
        'store_refused',
        /createdb/,
      )
      for (const address of [
        'postgres://user:s3cret#@host/db',
        'postgres://user:s3cret@host:port/db',
        'postgres://user:s3cret@host/db?table=',
        'postgres://user:s3cret@host/db?table=a;b',
        'postgres://user:s3cret@host/db?table=a"b',
      ])
        await expectTold(opened(address), 'config_invalid', /^FIXTURES has /)
    })

    test('what is too large', async () => {
      await expectTold(open(fresh()).put('a.bin', Buffer.allocUnsafe(257 * 1024 * 1024)), 'store_refused', /256 MiB/)
    })
  })

  describe('an engine that is away', () => {
    test('has no connection left', async () => {
      const place = fresh()
      const user = await userOf(place, 'connection limit 0')
      await expectTold(open(seenAs(place, { user })).check({ write: false }), 'store_away', /not ready.*53300/)
    })

    test('goes on once it is back: nobody opens anything anew; and who has a password is asked for it', async () => {
      const engine = await ownPostgres()
      await engine.start()
      const place = `postgres://t@127.0.0.1:${engine.port}/postgres`
      const driver = open(place)
      const known = await driver.put('a.jsonl', bytes(5))
      for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
        await engine.kill(signal)
        await expectTold(Promise.resolve(driver.get('a.jsonl')), 'store_away', /not ready|cannot be reached/)
        await expectTold(driver.check({ write: false }), 'store_away', /cannot be reached: connect ECONNREFUSED/)
        await engine.start()
        expect(await driver.get('a.jsonl', { known })).toBe('same')
        await driver.put('b.jsonl', bytes(5))
      }
      await admin(place).unsafe("create role locked login superuser password 's3cret/@word'")
      for (const password of ['', 'wr0ng-s3cret'])
        await expectTold(
          open(seenAs(place, { user: 'locked', password })).check({ write: false }),
          'store_refused',
          /does not let.*%40/,
        )
      const locked = open(seenAs(place, { user: 'locked', password: encodeURIComponent('s3cret/@word') }))
      expect(await textOf(locked, 'a.jsonl')).toBe('xxxxx')
      expect(locked.place).toBe(`postgres://127.0.0.1:${engine.port}/postgres`)
    })

    test('is given up in time if it is silent', async () => {
      await expectGivenUp(open, (port) => `postgres://user:s3cret@127.0.0.1:${port}/db`)
    })

    test('is not waited for by a process that has nothing else to do', async () => {
      expect(await lifeOf('postgres', 'openPostgres', fresh())).toEqual(['3\n', 0])
    })
  })
})
