/**
 * What the test files of one thread share: which test is running where a call is made. Files may have globals of their own
 * in it, and modules of their own, so it is kept on a class of Node that all of them see.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { type Agent, ClientRequest } from 'node:http'
import { Socket } from 'node:net'
import { guardConnections, ownConnections } from './network.ts'
import type { Told } from './told.ts'

/** Who asks: a test, or the code around tests. */
export interface Asker {
  /** Its name on the server; undefined leaves calls the name in their address. */
  readonly name: string | undefined
  /** Called when it makes a call in this process. */
  onAsk(): void
  /** Called when it tries to reach an API itself. */
  onEscape(why: string): void
}

export interface Thread {
  /** Who asks where the code runs that looks here. */
  readonly running: AsyncLocalStorage<Asker>
  /** What the file is told that is loaded, or runs. */
  told: Told
  /** Who asks where no test runs: that file. */
  around: Asker
  /** How the server is asked about tests. Made before the first file that may replace how a socket connects. */
  readonly connections: Agent
}

const KEY = Symbol.for('deltatape.vitest')

const holder: typeof Socket & { [KEY]?: Thread } = Socket

/** What this thread shares, for the file that begins now. */
export function threadOf(told: Told, around: Asker): Thread {
  const known = holder[KEY]
  if (known) return Object.assign(known, { told, around })
  const thread: Thread = { running: new AsyncLocalStorage(), told, around, connections: ownConnections() }
  holder[KEY] = thread
  nameCalls(thread)
  guardConnections((host, port) => whyNot(host, port, thread))
  return thread
}

const askerIn = ({ running, around }: Thread): Asker => running.getStore() ?? around

const NAME_HEADER = 'x-deltatape-name'

/** Says in each call to the server for whom it is made, if that is known. */
function nameCalls(thread: Thread): void {
  const asks = (add: (name: string) => void) => {
    const asker = askerIn(thread)
    asker.onAsk()
    if (asker.name !== undefined) add(asker.name)
  }
  // Of fetch, of WebSocket, and of whoever uses undici.
  subscribe('undici:request:create', (message) => {
    const request = requestIn(message)
    if (!isUndici(request) || String(request.origin) !== thread.told.url) return
    asks((name) => request.addHeader(NAME_HEADER, name))
  })
  // Of node:http, and so of axios, ws, and others.
  subscribe('http.client.request.created', (message) => {
    const request = requestIn(message)
    if (!(request instanceof ClientRequest) || `http://${String(request.getHeader('host'))}` !== thread.told.url) return
    asks((name) => (request.headersSent ? undefined : request.setHeader(NAME_HEADER, name)))
  })
}

const requestIn = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && 'request' in message ? message.request : undefined

interface UndiciRequest {
  readonly origin: unknown
  addHeader(name: string, value: string): void
}

const isUndici = (request: unknown): request is UndiciRequest =>
  typeof request === 'object' && request !== null && 'origin' in request && 'addHeader' in request

/** Why a host is not reached, in words; undefined if it may be. */
function whyNot(host: string, port: string, thread: Thread): string | undefined {
  const { network } = thread.told
  if (!network || new RegExp(network.allowed).test(host)) return undefined
  const what = `A test tried to reach ${host}:${port}, and tests stay on this machine while they replay.`
  if (!new RegExp(network.apis).test(host)) {
    return `deltatape: ${what} To let them reach it: deltatape({ allowHosts: ['${host}'] }).`
  }
  const why = `${what} Calls to this API are answered where its base-URL variable says: give its client that address, or none.`
  askerIn(thread).onEscape(why)
  return `deltatape: ${why}`
}
