/** Connects to PostgreSQL. */
import { type Socket, connect } from 'node:net'
import { type Address, addressOf, decodedPart } from './address.ts'
import type { Connect } from './connection.ts'
import { loadLibrary } from './library.ts'

/** How many connections there are at most, where the address does not say it (`?max=…`). */
const MAX_CONNECTIONS = 4

/** What the library makes of variables such as PGHOST, for an address that names no host. */
interface Target {
  readonly host: readonly string[]
  readonly port: readonly number[]
}

/**
 * Sockets that keep no process alive, and of which none outlives its pool: the library would go on waiting for an engine
 * that does not answer. A host that is a path is the folder of a Unix socket.
 */
function createSockets({ hostname, port: given }: URL) {
  const named = decodedPart(hostname).replace(/^\[|\]$/g, '')
  const open = new Set<Socket>()
  let closed = false
  return {
    // Later, within the same turn: whatever becomes of the socket, the library hears of it first.
    make: async (target: Target) => {
      await undefined
      if (closed) throw new Error('the connection was let go of')
      const host = named || (target.host[0] ?? 'localhost')
      const port = Number(given || target.port[0])
      const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
      open.add(socket)
      socket.once('close', () => open.delete(socket)).unref()
      // What the name in a certificate is compared with.
      return Object.assign(socket, { host })
    },
    close() {
      closed = true
      for (const socket of open) socket.destroy()
    },
  }
}

const load = () => import('postgres')

function createPool({ default: postgres }: Awaited<ReturnType<typeof load>>, { url }: Address, timeoutMs: number) {
  const sockets = createSockets(url)
  const options = {
    max: Number(url.searchParams.get('max') ?? MAX_CONNECTIONS),
    connect_timeout: timeoutMs / 1000,
    // Timers of the library would keep a process alive, and its waits outlast an engine that is back.
    max_lifetime: null,
    backoff: false,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'deltatape', statement_timeout: timeoutMs },
    socket: sockets.make,
  }
  return { sql: postgres(url.href, options), sockets }
}

export type Sql = ReturnType<typeof createPool>['sql']

/**
 * Takes `postgres://user:password@host:5432/database?table=deltatape` apart.
 *
 * @throws DeltatapeError `config_invalid`
 */
export const postgresAddress = (text: string): Address =>
  addressOf(text, {
    parameter: 'table',
    fallback: 'deltatape',
    allowed: /^(?:[a-z_]\w{0,62}\.)?[a-z_]\w{0,62}$/i,
    words: 'the name of a table: letters, digits and _, with a schema and a point in front of it if need be',
  })

export const connectTo = (address: Address, timeoutMs: number): Connect<Sql> => {
  return async () => {
    const library = await loadLibrary('postgres', address.place, load)
    const { sql, sockets } = createPool(library, address, timeoutMs)
    return {
      ready: Promise.resolve(sql),
      close: () => void sql.end({ timeout: 0 }).finally(() => sockets.close()),
    }
  }
}
