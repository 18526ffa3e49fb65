/** One client: its connection, its session, and the calls that its requests become. */
import type { Socket } from 'node:net'
import type { Caller, Destination, Manner } from '../../api/call.ts'
import type { Headers } from '../../api/headers.ts'
import { DeltatapeError, type ErrorCode, edgesOf, shuttingDown } from '../../base/errors.ts'
import type { Account, Ledger } from '../../base/ledger.ts'
import type { Model } from '../../model/model.ts'
import type { Redactor } from '../../redact/redactor.ts'
import type { Journal, Spoken } from '../journal.ts'
import type { Log } from '../log.ts'
import { type Calls, type CreateUpstream, createCalls } from './calls.ts'
import { type Common, type Connection, type Peer, openConnection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import type { Endpoint } from './endpoints.ts'
import { MAX_FRAGMENTS, type Reader } from './handshake.ts'
import { type Session, createSession } from './session.ts'

/** What all clients of a server share. */
export interface Shared extends Common {
  readonly model: Model
  readonly redactor: Redactor
  readonly journal: Journal
  readonly log: Log
  readonly ledger: Ledger
  readonly maxQueuedTurns: number
  readonly createUpstream: CreateUpstream | undefined
}

export interface ClientOptions {
  readonly socket: Socket
  /** The path that it connected to, with its name, and what is spoken there. */
  readonly path: string
  readonly endpoint: Endpoint
  /** What its upgrade request said. */
  readonly headers: Headers
  readonly query: string
  /** Where its calls go, if it named a host. */
  readonly to?: Destination | undefined
  readonly credential: string | undefined
  /** Who calls now, if the client names itself: its name may have ended since it connected. */
  readonly callerNow: (() => Caller) | undefined
  /** How it wants all its turns to be answered. */
  readonly manner: Manner
  /** The account of what is kept for it. */
  readonly account: Account
  /** Called when the client is gone. */
  readonly closed: () => void
}

export interface Client {
  /** Takes no new turns, and closes the connection when its turns have ended. Resolves when it is gone. */
  drain(): Promise<void>
  /** Turns the client away. Resolves when it is gone. */
  hangUp(code: Extract<ErrorCode, 'busy' | 'shutting_down'>, reason: string): Promise<void>
  /** Ends all turns with this error; a client that does not read its end is not waited for. */
  stop(error: DeltatapeError): void
  /** What is spoken with it, and how many of its turns wait. */
  readonly spoken: Spoken | 'page'
  queued(): number
}

export const openClient = (reader: Reader, options: ClientOptions, shared: Shared): Client =>
  new OpenClient(reader, options, shared)

/** There is nothing before the first message: most connections of a crowd are idle, and cost the less. */
class OpenClient implements Client, Peer {
  readonly spoken: Spoken
  readonly #options: ClientOptions
  readonly #shared: Shared
  readonly #connection: Connection
  #draining = false
  #begun: Begun | undefined

  constructor(reader: Reader, options: ClientOptions, shared: Shared) {
    this.spoken = options.endpoint.spoken
    this.#options = options
    this.#shared = shared
    this.#connection = openConnection(reader, { socket: options.socket, account: options.account, peer: this }, shared)
  }

  async drain(): Promise<void> {
    this.#draining = true
    await this.#begun?.session.drain()
    await this.hangUp('shutting_down', shuttingDown().message)
  }

  hangUp(code: Parameters<Client['hangUp']>[0], reason: string): Promise<void> {
    return this.#connection.hangUp(edgesOf(code).close ?? 1011, reason)
  }

  stop(error: DeltatapeError): void {
    this.#begun?.session.stop(error)
    // A turn waits for its client to read; now it has waited long enough.
    this.#connection.expire()
  }

  queued(): number {
    return this.#begun?.session.queued() ?? 0
  }

  receive(text: string | undefined): void {
    const { session } = this.#begin()
    // One that speaks for the first time after the drain began: nothing of it may begin.
    if (this.#draining) void session.drain()
    session.receive(text)
  }

  lastWords(code: number): string | undefined {
    const error = whyClosed(code, this.#options.endpoint.limit)
    return error && this.complain(error)
  }

  complain(error: DeltatapeError): string {
    return this.#begin().dialect.complain(error)
  }

  left(): void {
    this.#begun?.session.leave()
    this.#begun?.calls.close()
  }

  broken(error: Error): void {
    this.#shared.log.warn(`a client broke the protocol: ${error.message}`, { endpoint: this.#options.path })
  }

  closed(code: number): void {
    this.#shared.log.debug('a client is gone', { endpoint: this.#options.path, code })
    this.#options.closed()
  }

  #begin(): Begun {
    this.#begun ??= beginWith(this.#connection, this.#options, this.#shared)
    return this.#begun
  }
}

/** What there is of a client that has spoken. */
interface Begun {
  readonly dialect: Dialect
  readonly session: Session
  readonly calls: Calls
}

function beginWith(connection: Connection, options: ClientOptions, shared: Shared): Begun {
  const { path, endpoint, headers, query, to, credential, callerNow, manner, account } = options
  const { createUpstream, model, maxQueuedTurns, clock, journal, log } = shared
  const redact = shared.redactor.for({ headers, query, credential })
  const dialect = endpoint.speak(redact, headers)
  const asked = { headers, query, to, credential, callerNow, manner }
  const calls = createCalls({ ...asked, own: endpoint.own, createUpstream })
  const session = createSession({
    model,
    dialect,
    callFor: calls.for,
    redact,
    endpoint: path,
    spoken: endpoint.spoken,
    maxQueuedTurns,
    account,
    clock,
    journal,
    log,
    drop: () => connection.drop(),
    send: (messages) => connection.send(messages),
  })
  return { dialect, session, calls }
}

/** Why a connection is closed on a message, by the close code that ws has for it. */
function whyClosed(code: number, { variable, bytes }: Endpoint['limit']): DeltatapeError | undefined {
  if (code === 1009) {
    return new DeltatapeError('too_large', `This message is larger than ${variable} allows: ${bytes} bytes.`)
  }
  if (code !== 1008) return undefined
  return new DeltatapeError('too_large', `This message comes in too many pieces: at most ${MAX_FRAGMENTS} fragments.`)
}
