/** Connects to Redis, or to Valkey. */
import { isError } from '../../base/errors.ts'
import { type Address, addressOf, decodedPart, invalid } from './address.ts'
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts'
import { loadLibrary } from './library.ts'

/** How often one operation follows a cluster from node to node. */
const MAX_MOVES = 3

type Library = typeof import('redis')

/** All that is read comes as bytes. */
function createClient(library: Library, { url }: Address, { host, port }: Target, timeoutMs: number) {
  const { createClient: create, RESP_TYPES } = library
  const socket = {
    host,
    port,
    connectTimeout: timeoutMs,
    // Whoever needs a connection makes one: nothing waits in the background for an engine that is away.
    reconnectStrategy: false,
  } as const
  const [username, password] = [decodedPart(url.username), decodedPart(url.password)]
  return create({
    RESP: 2,
    // No name is another one than an empty name.
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    database: databaseOf(url),
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    socket: url.protocol === 'rediss:' ? { ...socket, tls: true } : socket,
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
}

export type Client = ReturnType<typeof createClient>

function databaseOf({ pathname }: URL): number {
  const database = /^\/?(\d{0,9})\/?$/.exec(pathname)?.[1]
  if (database === undefined) throw invalid('a path that is no number of a database, as in redis://host:6379/0.')
  return Number(database)
}

/**
 * Takes `redis://user:password@host:6379/0?prefix=deltatape` apart.
 *
 * @throws DeltatapeError `config_invalid`
 */
export function redisAddress(text: string): Address {
  const address = addressOf(text, {
    parameter: 'prefix',
    fallback: 'deltatape',
    // It stands in braces, in all keys.
    allowed: /^[^{}\s]{1,200}$/,
    words: 'without white space and braces, at most 200 characters',
  })
  for (const other of address.url.searchParams.keys())
    throw invalid(`the parameter ${JSON.stringify(other)}; only ?prefix=… can stand there.`)
  databaseOf(address.url)
  return address
}

interface Target {
  readonly host: string
  readonly port: number
}

/** The node of a cluster to which an error sends who asked: the one that has the keys. */
function movedBy(error: unknown, from: Target): Target | undefined {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(isError(error) ? error.message : '') ?? []
  return port === undefined ? undefined : { host: host || from.host, port: Number(port) }
}

const isSame = (one: Target, other: Target) => one.host === other.host && one.port === other.port

/** Connects when it is first needed, and follows a cluster to the node that has the keys. */
export function createRedis(address: Address, options: ConnectionOptions): Pick<Connection<Client>, 'run' | 'close'> {
  const { hostname, port } = address.url
  const given: Target = { host: hostname.replace(/^\[|\]$/g, '') || 'localhost', port: Number(port || 6379) }
  let target = given
  const connection = createConnection<Client>(async (lost) => {
    const library = await loadLibrary('redis', address.place, () => import('redis'))
    const own = target
    const client = createClient(library, address, own, options.timeoutMs)
    let closed = false
    // Nodes come and go: what was configured knows where the keys are now.
    const leave = () => void (target === own && (target = given))
    // Without a listener an error of the connection would end the process.
    client.on('error', () => {
      leave()
      lost()
    })
    // What is let go of while it connects would stay connected ever after.
    client.on('connect', () => closed && client.destroy())
    client.unref()
    return {
      ready: client.connect(),
      close() {
        closed = true
        leave()
        // Version 5 throws where there is nothing to let go of.
        if (client.isOpen) client.destroy()
      },
    }
  }, options)

  return {
    async run(work, bytes) {
      for (let moves = 0; ; moves++) {
        try {
          return await connection.run(work, bytes)
        } catch (error) {
          const next = movedBy(error, target)
          if (!next || moves === MAX_MOVES) throw error
          // Of many that are sent there at once, the first one goes; the others find it there.
          if (isSame(next, target)) continue
          target = next
          connection.renew()
        }
      }
    },
    close: () => connection.close(),
  }
}
