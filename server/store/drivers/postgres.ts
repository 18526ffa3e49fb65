/** Fixtures on PostgreSQL: one table, and one statement for each operation. */
import { systemCode } from '../../base/errors.ts'
import type { Driver, Entry, Found, GetOptions, Got, OpenDriver, Page } from '../driver.ts'
import { PIECE_BYTES, bodyOf, newVersion } from './body.ts'
import { createConnection } from './connection.ts'
import { type Sql, connectTo, postgresAddress } from './postgres-connect.ts'
import { type Errors, errorsOf } from './postgres-errors.ts'

/** How many names one statement lists. */
const PAGE = 1000
/** Bytes are sent as a text of twice their length, and a text of V8 has less than 512 Mi characters. */
const MAX_BYTES = 256 * 1024 * 1024 - 1024
/** No name that begins with a prefix comes behind the prefix and this, the last character there is. */
const LAST = '\u{10ffff}'
/** The code of PostgreSQL for a table that is not there. */
const NO_TABLE = '42P01'

interface Place {
  readonly table: string
  readonly errors: Errors
  run<R>(work: (sql: Sql) => Promise<R>, bytes?: number): Promise<R>
}

const isMissing = (error: unknown) => systemCode(error) === NO_TABLE

/** Reads: before anything was written there may be no table, and that is an empty one. */
const read = <R>({ run }: Place, empty: R, query: (sql: Sql) => Promise<R>): Promise<R> =>
  run((sql) =>
    query(sql).catch((error: unknown) => {
      if (isMissing(error)) return empty
      throw error
    }),
  )

/** Writes: the first one makes the table. */
const write = <R>({ run, table }: Place, bytes: number, query: (sql: Sql) => Promise<R>): Promise<R> =>
  run(
    (sql) =>
      query(sql).catch(async (error: unknown) => {
        if (!isMissing(error)) throw error
        await makeTable(sql, table)
        return query(sql)
      }),
    bytes,
  )

/** As it stands in a statement. Its letters were looked at when the address was. */
const quoted = (table: string) => table.replace(/\w+/g, '"$&"')

/** Several statements that are sent at once are one transaction. */
const makeTable = (sql: Sql, table: string): Promise<unknown> =>
  // Of two that make it at once, one would fail without the lock. Not compressed, a part of a body is read without the rest.
  sql.unsafe(`
    select pg_advisory_xact_lock(hashtext('deltatape'));
    create table if not exists ${quoted(table)} (name text collate "C" primary key, version text not null, body bytea not null);
    alter table ${quoted(table)} alter column body set storage external`)

interface State {
  readonly there: boolean
  readonly frozen: boolean
  readonly readable: boolean
  readonly writable: boolean
}

async function check({ table, errors, run }: Place, toWrite: boolean): Promise<void> {
  const [state] = await run(
    (sql) => sql<State[]>`
      select t is not null as there, current_setting('transaction_read_only') = 'on' as frozen,
        coalesce(has_table_privilege(t, 'SELECT'), true) as readable,
        coalesce(has_table_privilege(t, 'INSERT') and has_table_privilege(t, 'UPDATE') and has_table_privilege(t, 'DELETE'), true) as writable
      from (select to_regclass(${quoted(table)})::oid as t) as place`,
  )
  if (!state?.readable) throw errors.refused('42501', `${table} cannot be read`)
  if (!toWrite) return
  if (state.frozen) throw errors.refused('25006', 'its transactions are read-only')
  if (!state.writable) throw errors.refused('42501', `${table} cannot be written to`)
  if (!state.there) await run((sql) => makeTable(sql, table))
}

interface Head {
  readonly version: string
  readonly bytes: number
  /** Null of what is known. */
  readonly piece: Buffer | null
}

async function get(place: Place, name: string, { known = '', first = Infinity }: GetOptions): Promise<Got> {
  const { table } = place
  const [head] = await read<readonly Head[]>(
    place,
    [],
    (sql) => sql<Head[]>`
      select version, octet_length(body) as bytes,
        case when version = ${known} then null else substring(body from 1 for ${Math.min(first, PIECE_BYTES)}) end as piece
      from ${sql(table)} where name = ${name}`,
  )
  if (!head) return undefined
  const { version, bytes, piece } = head
  if (!piece) return 'same'
  const readOn = (...part: [number, number]) => readPart(place, name, version, ...part)
  return { name, version, bytes, body: bodyOf(piece, Math.min(first, bytes), readOn) } satisfies Found
}

async function readPart(place: Place, name: string, version: string, from: number, bytes: number): Promise<Buffer> {
  const [row] = await read<readonly { piece: Buffer }[]>(
    place,
    [],
    (sql) => sql<{ piece: Buffer }[]>`
      select substring(body from ${from + 1} for ${bytes}) as piece
      from ${sql(place.table)} where name = ${name} and version = ${version}`,
  )
  if (!row) throw place.errors.changed(name)
  return row.piece
}

/** Runs a statement that writes a body, and gives the version back if it wrote. */
async function put(
  place: Place,
  name: string,
  bytes: Uint8Array,
  statement: (sql: Sql, body: Uint8Array, version: string) => Promise<{ readonly count: number }>,
): Promise<string | undefined> {
  if (bytes.length > MAX_BYTES) throw place.errors.tooLarge(name, bytes.length)
  const version = newVersion()
  const { count } = await write(place, bytes.length, (sql) => statement(sql, bytes, version))
  return count > 0 ? version : undefined
}

async function* list(place: Place, prefix: string, after: string): AsyncGenerator<Page> {
  for (let last = after; ;) {
    const entries = await read<readonly Entry[]>(
      place,
      [],
      (sql) => sql<Entry[]>`
        select name, version, octet_length(body) as bytes from ${sql(place.table)}
        where name > ${last} and name >= ${prefix} and name < ${prefix + LAST} order by name limit ${PAGE}`,
    )
    if (entries.length > 0) yield { entries }
    const behind = entries.at(-1)
    if (!behind || entries.length < PAGE) return
    last = behind.name
  }
}

/** Opens fixtures on PostgreSQL: `postgres://user:password@host:5432/database?table=deltatape`. */
export const openPostgres: OpenDriver = ({ place: text, clock, timeoutMs }) => {
  const address = postgresAddress(text)
  const { place: shown, own: table } = address
  const errors = errorsOf(shown, table)
  const connection = createConnection(connectTo(address, timeoutMs), { place: shown, clock, timeoutMs })
  const place: Place = {
    table,
    errors,
    run: (work, bytes) =>
      connection.run(work, bytes).catch((error: unknown) => {
        throw errors.told(error)
      }),
  }
  return {
    place: shown,
    engine: 'postgres',
    check: ({ write: toWrite }) => check(place, toWrite),
    get: (name, options = {}) => get(place, name, options),
    async put(name, bytes) {
      const version = await put(
        place,
        name,
        bytes,
        (sql, body, next) => sql`
          insert into ${sql(table)} (name, version, body) values (${name}, ${next}, ${body})
          on conflict (name) do update set version = excluded.version, body = excluded.body`,
      )
      if (version === undefined) throw errors.changed(name)
      return version
    },
    putIf: (name, bytes, expected) =>
      put(place, name, bytes, (sql, body, next) =>
        expected === 'absent'
          ? sql`insert into ${sql(table)} (name, version, body) values (${name}, ${next}, ${body}) on conflict (name) do nothing`
          : sql`update ${sql(table)} set version = ${next}, body = ${body} where name = ${name} and version = ${expected.version}`,
      ),
    list: (prefix = '', after = '') => list(place, prefix, after),
    async remove(name, version) {
      const gone = await read<readonly unknown[]>(
        place,
        [],
        (sql) => sql`
          delete from ${sql(table)} where name = ${name} and version = coalesce(${version ?? null}, version)
          returning 1`,
      )
      return gone.length > 0
    },
    async close() {
      connection.close()
    },
  } satisfies Driver
}
