/** Keeps a process from reaching any machine but its own, and our own connections from what tests do to those of a process. */
import { Agent } from 'node:http'
import { Socket } from 'node:net'

const HERE = /^(?:(?:.+\.)?localhost|\[?::1?\]?|(?:::ffff:)?(?:127(?:\.\d{1,3}){3}|0\.0\.0\.0))$/i

/**
 * Lets TCP connections to this machine through, and no others. Every client in a process comes by here: http, https, fetch,
 * WebSockets, drivers of databases.
 *
 * @param refuse why a host is not reached; undefined lets it through
 */
export function guardConnections(refuse: (host: string, port: string) => string | undefined): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its socket below
  const { connect } = Socket.prototype
  const guarded = function (this: Socket, ...given: unknown[]): Socket {
    // A socket with a way of its own is a mock. What it lets through comes by here as another one.
    const target = Object.hasOwn(this, 'connect') ? undefined : targetOf(given)
    const why = target && !HERE.test(target.host) ? refuse(target.host, target.port) : undefined
    if (why === undefined) return Reflect.apply(connect, this, given)
    // Later: tls.connect, and who listens for errors, have something to do with the socket first.
    process.nextTick(() => this.destroy(Object.assign(new Error(why), { code: 'ENETUNREACH' })))
    return this
  }
  Object.assign(Socket.prototype, { connect: guarded })
}

/**
 * Makes connections of our own: what a test puts in the place of timers, of `fetch` or of sockets does not reach them. nock
 * and msw replace how every socket connects, and a test may forbid the network that way.
 */
export function ownConnections(): Agent {
  // oxlint-disable-next-line typescript/unbound-method -- called with its socket below
  const { connect } = Socket.prototype
  const agent = new Agent({ keepAlive: true })
  agent.createConnection = (options): Socket => Reflect.apply(connect, new Socket(), [options])
  return agent
}

interface Target {
  readonly host: string
  readonly port: string
}

/** What is to be connected to; undefined for what is no TCP, such as a pipe. */
function targetOf([first, second]: readonly unknown[]): Target | undefined {
  // net.connect makes a list of its arguments, and hands that on.
  if (Array.isArray(first)) return targetOf(first)
  if (typeof first === 'object' && first !== null) {
    const { host, port } = { host: undefined, port: undefined, ...first }
    if (port === undefined && 'path' in first) return undefined
    return { host: typeof host === 'string' && host !== '' ? host : 'localhost', port: String(port) }
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return undefined
  return { host: typeof second === 'string' ? second : 'localhost', port: String(first) }
}
