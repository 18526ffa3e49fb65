/** The WebSockets of a server: which upgrades are let in, and how all connections end. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Headers, inPairs } from '../../api/headers.ts'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError, shuttingDown } from '../../base/errors.ts'
import type { Account, Ledger } from '../../base/ledger.ts'
import { isShort } from '../../base/name.ts'
import { whoAnswers } from '../../base/version.ts'
import { weightOf } from '../../base/weight.ts'
import type { Audience } from '../audience.ts'
import type { Config } from '../config.ts'
import type { Model } from '../../model/model.ts'
import { createRoutes } from '../../model/transport/route.ts'
import type { Redactor } from '../../redact/redactor.ts'
import { admit, authorize, queryWithoutToken, withoutToken } from '../guard.ts'
import type { Journal } from '../journal.ts'
import type { Log } from '../log.ts'
import type { Misses } from '../misses.ts'
import type { Names } from '../names.ts'
import { traceHeaders } from '../trace.ts'
import { noteRefused } from '../turns.ts'
import { API, type CreateUpstream } from './calls.ts'
import { type Client, type Shared, openClient } from './client.ts'
import { type Endpoint, createEndpoints } from './endpoints.ts'
import { createFraming } from './framing.ts'
import { type Handshake, type Reader, createHandshake } from './handshake.ts'
import { createHeartbeat } from './heartbeat.ts'
import { withoutOwn } from './protocols.ts'
import { type Visit, answerOverHttp, visitOf } from './upgrade.ts'
import { LIVE_PATH, MAX_IGNORED_BYTES, admitWatcher, openWatcher } from './watching.ts'

export interface SocketsOptions {
  readonly config: Config
  readonly model: Model
  readonly redactor: Redactor
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
  readonly names: Names
  /** Takes the WebSockets that clients wanted and that are not there. */
  readonly misses: Misses
  readonly ledger: Ledger
  /** Where those belong who watch the turns; absent if nobody may. */
  readonly audience?: Audience | undefined
  /** How `/v1/responses` calls the API in its own WebSocket mode; absent if nothing is called, as in replay. */
  readonly createUpstream?: CreateUpstream | undefined
}

/** What there is now. */
export interface Standing {
  /** How many are open, by what is spoken there. */
  readonly connections: ReadonlyMap<string, number>
  /** How many turns wait on them. */
  readonly queued: number
}

export interface Sockets {
  /** Takes over a connection that asks for an upgrade. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
  /** Takes no new turns, and closes each connection when its turns have ended. */
  drain(): Promise<void>
  /** Ends the turns that still run, each with its own end. */
  stop(error: DeltatapeError): void
  standing(): Standing
}

export function createSockets({ createUpstream, ...given }: SocketsOptions): Sockets {
  const { config, names, log, clock, ledger } = given
  const shared: Shared = {
    ...given,
    heartbeat: createHeartbeat(clock),
    framed: createFraming(),
    maxQueuedTurns: config.maxQueuedTurns,
    createUpstream,
  }
  const header = `x-deltatape: ${whoAnswers(config)}`
  const doors = createDoors(config, header, given.audience)
  const refuse = refusing(given, header)
  const entranceOf = createEntrances(shared, { config, names, doors })
  const clients = new Set<Client>()
  let draining = false

  const connect = (path: string, open: (closed: () => void) => Client): void => {
    const client = open(() => clients.delete(client))
    if (clients.size >= config.maxConnections) {
      const full = `All of MAX_CONNECTIONS=${config.maxConnections} are open`
      log.warn(`a client was turned away: ${full}`, { endpoint: path })
      return void client.hangUp('busy', `${full}. Connect again when some are closed.`)
    }
    clients.add(client)
    log.debug('a client connected', { endpoint: path })
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', ignoreGone)
      const visit = visitOf(request)
      const path = shownPath(visit)
      const account = ledger.open()
      let isOpened = false
      try {
        if (draining) throw shuttingDown()
        const { handshake, open } = entranceOf({ request, socket, visit, path, account })
        handshake(request, socket, head, (reader) => {
          isOpened = true
          connect(path, (closed) => open(reader, closed))
        })
      } catch (error) {
        if (!(error instanceof DeltatapeError)) throw error
        refuse(socket, visit, error)
      } finally {
        // A connection closes its account itself.
        if (!isOpened) account.close()
      }
    },
    async drain() {
      draining = true
      await Promise.all([...clients].map((client) => client.drain()))
    },
    stop(error) {
      for (const client of clients) client.stop(error)
    },
    standing: () => standingOf(clients, doors),
  }
}

/** Turns clients away: over HTTP, and with a line that says why. */
const refusing =
  ({ config: { mode }, log, names, misses, redactor }: SocketsOptions, header: string) =>
  (socket: Socket, visit: Visit, error: DeltatapeError): void => {
    const [path, { code, message }] = [shownPath(visit), error]
    log.warn(`refused ${path}: ${code}: ${message}`, { endpoint: path, code, error: message })
    noteRefused(visit, error, { names, misses, mode, redactor })
    answerOverHttp(socket, error, header)
  }

/** An upgrade that is asked for. */
interface Arrival {
  readonly request: IncomingMessage
  readonly socket: Socket
  readonly visit: Visit
  /** The path as the log has it. */
  readonly path: string
  readonly account: Account
}

/** How an upgrade goes on: its handshake, and what becomes of the connection then. */
interface Entrance extends Pick<Door, 'handshake'> {
  readonly open: (reader: Reader, closed: () => void) => Client
}

/** Makes what lets arrivals in. That throws a DeltatapeError for one that is not. */
function createEntrances(
  shared: Shared,
  { config, names, doors }: Pick<SocketsOptions, 'config' | 'names'> & { readonly doors: Doors },
): (arrival: Arrival) => Entrance {
  const routes = createRoutes(config)
  return ({ request, socket, visit, path, account }) => {
    const { door, apiKey: credential } = letIn(visit, doors, config)
    const { handshake } = door
    if ('audience' in door) {
      takeOf(account, [])
      const { audience } = door
      return {
        handshake,
        open: (reader, closed) => openWatcher(reader, { socket, account, closed }, { ...shared, audience }),
      }
    }
    const { endpoint } = door
    const { name, named, manner } = visit
    const { headers, query } = passedBy(request, visit, endpoint.own ? undefined : { credential, ...config })
    const to = named === undefined ? undefined : routes.to({ ...visit, row: API.name, headers }, named)
    takeOf(account, [query, ...headers.flat()])
    const callerNow = name === undefined ? undefined : () => names.caller(name)
    const asked = { headers, query, to, credential, callerNow, manner }
    return {
      handshake,
      open: (reader, closed) => openClient(reader, { socket, path, endpoint, account, closed, ...asked }, shared),
    }
  }
}

/** The path as the log has it: behind the name of the client, if it gave one. */
const shownPath = ({ name, path }: Visit): string => (name === undefined ? path : `/@${name}${path}`)

/** Shared by all who bring nothing. */
const NOTHING = { headers: [], query: '' } as const

const isTrace = (word: string): boolean => /^traceparent$/i.test(word)

/** What of an upgrade the API may see. Most clients are of a chat and idle: they keep nothing of their request but its trace. */
function passedBy(
  { rawHeaders }: IncomingMessage,
  { query }: Visit,
  of: { readonly credential: string | undefined; readonly authToken: string | undefined } | undefined,
): { readonly headers: Headers; readonly query: string } {
  if (of === undefined)
    return rawHeaders.some(isTrace) ? { headers: traceHeaders(inPairs(rawHeaders)), query: '' } : NOTHING
  const { credential, authToken } = of
  return {
    headers: withoutOwn(withoutToken(inPairs(rawHeaders), credential, authToken)),
    query: queryWithoutToken(query, authToken),
  }
}

/** What a connection takes of memory beside what it says, in bytes. */
const CONNECTION_BYTES = 4096

/** @throws DeltatapeError `busy` if there is no room for a client that said this */
function takeOf(account: Account, texts: readonly string[]): void {
  const weight = texts.reduce((sum, text) => sum + weightOf(text), CONNECTION_BYTES)
  if (!account.take(weight)) throw account.refusal(weight)
}

type Doors = ReadonlyMap<string, Door>

/** What is at a path, an endpoint or the audience, and the handshake that leads to it. */
type Door = { readonly handshake: Handshake } & ({ readonly endpoint: Endpoint } | { readonly audience: Audience })

const spokenAt = (door: Door): Client['spoken'] => ('audience' in door ? 'page' : door.endpoint.spoken)

function standingOf(clients: ReadonlySet<Client>, doors: Doors): Standing {
  const connections = new Map([...doors.values()].map((door) => [spokenAt(door), 0]))
  let queued = 0
  for (const client of clients) {
    connections.set(client.spoken, (connections.get(client.spoken) ?? 0) + 1)
    queued += client.queued()
  }
  return { connections, queued }
}

function createDoors(config: Config, header: string, audience: Audience | undefined): Doors {
  const handshake = (maxBytes: number) => createHandshake({ maxBytes, header })
  const doors = new Map<string, Door>()
  for (const [path, endpoint] of createEndpoints(config)) {
    doors.set(path, { endpoint, handshake: handshake(endpoint.limit.bytes) })
  }
  if (audience) doors.set(LIVE_PATH, { audience, handshake: handshake(MAX_IGNORED_BYTES) })
  return doors
}

/** @throws DeltatapeError that says why a client is not let in */
function letIn(
  visit: Visit,
  doors: ReadonlyMap<string, Door>,
  config: Config,
): { door: Door; apiKey: string | undefined } {
  const refusal = admit(visit, config) ?? visit.flaw
  if (refusal) throw refusal
  const door = doors.get(visit.path)
  // Behind a host are the endpoints of an API alone, and behind a name there is no page.
  const isOwn = door !== undefined && ('audience' in door || door.endpoint.own)
  if (!door || (visit.named !== undefined && isOwn) || (visit.name !== undefined && 'audience' in door)) {
    throw noSocket(visit.path, [...doors.keys()])
  }
  if ('audience' in door) admitWatcher(visit)
  return { door, ...authorize(visit, config) }
}

const noSocket = (path: string, paths: readonly string[]) =>
  new DeltatapeError(
    'not_found',
    `There is no WebSocket ${isShort(path) ? path : 'with such a path'} here. There are ${paths.join(', ')}. Those of other APIs, such as Realtime and Gemini Live, are neither recorded nor replayed.`,
  )

/** A connection that is gone has nobody to tell; that it is gone is seen by its `close` event. */
function ignoreGone(): void {}
