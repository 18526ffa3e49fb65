/**
 * Fixtures on Redis, or Valkey. A value holds its own version and length in front of its bytes: one command reads it
 * whole, and no part of it can go without the others. Reading needs no scripts: read rights, or a replica, are enough.
 */
import { createHash } from 'node:crypto'
import type { Driver, Entry, Found, GetOptions, Got, OpenDriver, Page } from '../driver.ts'
import { PIECE_BYTES, VERSION_CHARS, bodyOf, newVersion } from './body.ts'
import { type Client, createRedis, redisAddress } from './redis-connect.ts'
import { type Errors, errorsOf } from './redis-errors.ts'

/** How many names one command lists. */
const PAGE = 1000
/** A value of Redis is no longer than this. */
const MAX_BYTES = 512 * 1024 * 1024

/** What a value begins with: a version, and how many bytes follow. */
const HEAD = /^([\w-]{16}) (\d{10})\n$/
const HEAD_BYTES = VERSION_CHARS + 12

/** A script, with what it is called by once an engine knows it. */
const script = (text: string) => ({ text, sha: createHash('sha1').update(text).digest('hex') })

/**
 * KEYS: the value, the index, the count. ARGV: the version that is expected (`*` whatever there is, nothing for none),
 * the value, the bounds of its name in the index, its entry there.
 */
const PUT = script(`
if ARGV[1] ~= '*' and redis.call('GETRANGE', KEYS[1], 0, ${VERSION_CHARS - 1}) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
local known = redis.call('ZREMRANGEBYLEX', KEYS[2], ARGV[3], ARGV[4])
redis.call('ZADD', KEYS[2], 0, ARGV[5])
if known == 0 then redis.call('INCR', KEYS[3]) end
return 1`)

/** The same KEYS. ARGV: the version that is expected, and the bounds. Of what was let go of, the entry is taken away. */
const REMOVE = script(`
local now = redis.call('GETRANGE', KEYS[1], 0, ${VERSION_CHARS - 1})
if ARGV[1] ~= '*' and now ~= ARGV[1] and now ~= '' then return 0 end
local gone = redis.call('UNLINK', KEYS[1])
local known = redis.call('ZREMRANGEBYLEX', KEYS[2], ARGV[2], ARGV[3])
if known > 0 and redis.call('DECR', KEYS[3]) <= 0 then redis.call('DEL', KEYS[3]) end
return gone`)

const WHATEVER = '*'

/**
 * Where all is. One tag in all keys: a cluster keeps them in one slot, where scripts and transactions may touch them all.
 * The index has an entry for each object; the count says how many, so that an index that was let go of is missed.
 */
const keysOf = (prefix: string) => ({
  index: `{${prefix}}:index`,
  count: `{${prefix}}:count`,
  object: (name: string) => `{${prefix}}:object:${name}`,
})

interface Place {
  readonly keys: ReturnType<typeof keysOf>
  readonly errors: Errors
  run<R>(work: (client: Client) => Promise<R>, bytes?: number): Promise<R>
}

/** The bounds of a name in the index: what it says of it stands behind the name and a NUL. */
const boundsOf = (name: string): [string, string] => [`[${name}\0`, `(${name}\u0001`]

function entryOf(member: string): Entry {
  const [name = '', head = ''] = member.split('\0')
  const [version, bytes] = head.split(' ')
  return { name, version, bytes: Number(bytes) }
}

const headOf = (value: Buffer) => {
  const [, version, bytes] = HEAD.exec(value.toString('latin1', 0, HEAD_BYTES)) ?? []
  return version === undefined ? undefined : { version, bytes: Number(bytes) }
}

/** Says whether it was done. */
const write = ({ keys, run }: Place, { text, sha }: typeof PUT, name: string, args: (string | Buffer)[], bytes = 0) =>
  run(async (client) => {
    const options = { keys: [keys.object(name), keys.index, keys.count], arguments: args }
    const done = await client.evalSha(sha, options).catch((error: unknown) => {
      if (!String(error).includes('NOSCRIPT')) throw error
      return client.eval(text, options)
    })
    return Number(done) > 0
  }, bytes)

async function put(place: Place, name: string, bytes: Uint8Array, expected: string): Promise<string | undefined> {
  if (bytes.length > MAX_BYTES - HEAD_BYTES) throw place.errors.tooLarge(name, bytes.length)
  const version = newVersion()
  const head = `${version} ${String(bytes.length).padStart(10, '0')}`
  const value = Buffer.concat([Buffer.from(`${head}\n`), bytes])
  const done = await write(place, PUT, name, [expected, value, ...boundsOf(name), `${name}\0${head}`], bytes.length)
  return done ? version : undefined
}

/** So many bytes of an object, and its head; nothing if there is none. */
const read = async ({ keys, run }: Place, name: string, bytes: number): Promise<Buffer> =>
  (await run((client) => client.getRange(keys.object(name), 0, HEAD_BYTES + bytes - 1))) ?? Buffer.alloc(0)

/** A value was not there. Whether there never was one is for the index to say. */
const isAbsent = ({ keys, errors, run }: Place, name: string): Promise<boolean> =>
  run(async (client) => {
    const [there, known, listed, count] = await client
      .withTypeMapping({})
      .multi()
      .exists(keys.object(name))
      .zRange(keys.index, ...boundsOf(name), { BY: 'LEX' })
      .zCard(keys.index)
      .get(keys.count)
      .execTyped()
    if (there === 1) return false
    if (known.length > 0) throw errors.forgot(name)
    if (listed !== Number(count) || (count === null && (await letsGo(client)))) throw errors.forgotIndex()
    return true
  })

/**
 * Whether an engine that knows of nothing may have had it, and let go of all that says so. Who may not ask is told
 * nothing: then it is as empty as it looks.
 */
async function letsGo(client: Client): Promise<boolean> {
  const said = await Promise.all([client.info('memory'), client.info('stats')]).catch(() => [])
  const info = said.map(String).join('\n')
  return /^maxmemory_policy:allkeys/m.test(info) && /^evicted_keys:[1-9]/m.test(info)
}

async function get(place: Place, name: string, { known, first = Infinity }: GetOptions): Promise<Got> {
  if (known !== undefined && headOf(await read(place, name, 0))?.version === known) return 'same'
  for (;;) {
    const value = await read(place, name, Math.min(first, PIECE_BYTES))
    if (value.length > 0) return found(place, name, value, first)
    if (await isAbsent(place, name)) return undefined
  }
}

function found(place: Place, name: string, value: Buffer, first: number): Found {
  const head = headOf(value)
  // A copy: what came is a part of a larger buffer of the socket, all of which it would keep.
  const piece = Buffer.from(value.subarray(HEAD_BYTES))
  const end = Math.min(first, head?.bytes ?? 0)
  if (!head || piece.length !== Math.min(end, PIECE_BYTES)) throw place.errors.damaged(name)
  return { name, ...head, body: bodyOf(piece, end, (...part) => readOn(place, name, head.version, ...part)) }
}

/** No version comes again: one that is there behind a piece was there in front of it, too. */
async function readOn({ keys, errors, run }: Place, name: string, version: string, from: number, bytes: number) {
  const key = keys.object(name)
  const [piece, head] = await run((client) =>
    Promise.all([
      client.getRange(key, HEAD_BYTES + from, HEAD_BYTES + from + bytes - 1),
      client.getRange(key, 0, HEAD_BYTES - 1),
    ]),
  )
  if (!piece || !head || headOf(head)?.version !== version) throw errors.changed(name)
  if (piece.length !== bytes) throw errors.damaged(name)
  return piece
}

async function* list({ keys, errors, run }: Place, prefix: string, after: string): AsyncGenerator<Page> {
  const behind = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0
  let min = Buffer.from(behind && after !== '' ? `[${after}\u0001` : `[${prefix}`)
  // No byte of UTF-8 is this one: all names with the prefix come before it.
  const max = prefix === '' ? '+' : Buffer.concat([Buffer.from(`(${prefix}`), Buffer.from([0xff])])
  for (let told = false; ;) {
    const [members, listed, count] = await run((client) =>
      client
        .withTypeMapping({})
        .multi()
        .zRange(keys.index, min, max, { BY: 'LEX', LIMIT: { offset: 0, count: PAGE } })
        .zCard(keys.index)
        .get(keys.count)
        .execTyped(),
    )
    const incomplete: boolean = !told && listed !== Number(count)
    if (members.length > 0 || incomplete)
      yield { entries: members.map(entryOf), unknown: incomplete ? [errors.forgotIndex()] : undefined }
    told ||= incomplete
    const last = members.at(-1)
    if (!last || members.length < PAGE) return
    min = Buffer.from(`(${last}`)
  }
}

async function check(place: Place, toWrite: boolean): Promise<void> {
  await place.run((client) => client.zCard(place.keys.index))
  if (!toWrite) return
  // Takes away what cannot be there: for rights, and for replicas, that is a write nevertheless.
  await write(place, REMOVE, '', [WHATEVER, ...boundsOf('')])
  // Not everybody may ask.
  const memory = await place.run((client) => client.info('memory')).catch(() => '')
  place.errors.checkPolicy(String(memory))
}

/** Opens fixtures on Redis: `redis://user:password@host:6379/0?prefix=deltatape`, or `rediss://…`. */
export const openRedis: OpenDriver = ({ place: text, clock, timeoutMs }) => {
  const address = redisAddress(text)
  const errors = errorsOf(address.place, address.own)
  const redis = createRedis(address, { place: address.place, clock, timeoutMs })
  const place: Place = {
    keys: keysOf(address.own),
    errors,
    run: (work, bytes) =>
      redis.run(work, bytes).catch((error: unknown) => {
        throw errors.told(error)
      }),
  }
  return {
    place: address.place,
    engine: 'redis',
    check: ({ write: toWrite }) => check(place, toWrite),
    get: (name, options = {}) => get(place, name, options),
    async put(name, bytes) {
      const version = await put(place, name, bytes, WHATEVER)
      if (version === undefined) throw errors.changed(name)
      return version
    },
    putIf: (name, bytes, expected) => put(place, name, bytes, expected === 'absent' ? '' : expected.version),
    list: (prefix = '', after = '') => list(place, prefix, after),
    remove: (name, version = WHATEVER) => write(place, REMOVE, name, [version, ...boundsOf(name)]),
    async close() {
      redis.close()
    },
  } satisfies Driver
}
