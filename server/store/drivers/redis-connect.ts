/** Connects to Redis, or to Valkey. */
import { type Address, addressOf, decodedPart, invalid } from './address.ts'
import type { Connect } from './connection.ts'
import { loadLibrary } from './library.ts'

type Library = typeof import('redis')

/** All that is read comes as bytes. */
function createClient({ createClient: create, RESP_TYPES }: Library, { url }: Address, timeoutMs: number) {
  const socket = {
    host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(url.port || 6379),
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

export const connectTo = (address: Address, timeoutMs: number): Connect<Client> => {
  return async (lost) => {
    const client = createClient(await loadLibrary('redis', address.place, () => import('redis')), address, timeoutMs)
    let given = true
    // Without a listener an error of the connection would end the process.
    client.on('error', lost)
    // What is let go of while it connects would stay connected ever after.
    client.on('connect', () => given || client.destroy())
    client.unref()
    return {
      ready: client.connect(),
      close: () => {
        given = false
        client.destroy()
      },
    }
  }
}
