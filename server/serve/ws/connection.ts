/** One WebSocket: ws reads it, and what is written to it are raw frames. */
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'
import { type DeltatapeError, edgesOf } from '../../base/errors.ts'
import type { Account } from '../../base/ledger.ts'
import { type List, fresh } from '../../base/memo.ts'
import { createDrain, meter } from '../drain.ts'
import { closeFrame, controlFrame } from './framing.ts'
import type { Reader } from './handshake.ts'
import type { Heartbeat, Watch, Watched } from './heartbeat.ts'
import { type Flow, HIGH_WATER_BYTES, type Inbox, createIntake } from './inbox.ts'
import { type Reading, createReading } from './reading.ts'

/** How long a client may take to answer a close frame of a server that is about to stop, or has no room. */
const PATIENCE_MS = 500

/** How long a client may take otherwise to read the end of what it was sent, and to close its side. */
const CLOSE_TIMEOUT_MS = 30_000

/** Whose connection it is. */
export interface Peer {
  /** A message came: its text, or undefined if it is binary. */
  receive(text: string | undefined): void
  /** What the client is told before it is closed: its message is too large (code 1009), or in too many pieces (1008). */
  lastWords(code: number): string | undefined
  /** The message for an error that belongs to no turn. */
  complain(error: DeltatapeError): string
  /** Nothing can be sent any more. Called once. */
  left(): void
  /** The client broke the protocol. */
  broken(error: Error): void
  /** The connection is gone. Called once, and last. */
  closed(code: number): void
}

/** What all connections of a server share. */
export interface Common {
  readonly clock: Clock
  readonly heartbeat: Heartbeat
  /** The bytes of messages. */
  readonly framed: (texts: List<string>) => Buffer
}

export interface ConnectionOptions {
  readonly socket: Socket
  /** What is kept of the client's messages, and of those that it has not read, is charged here. */
  readonly account: Account
  readonly peer: Peer
}

export interface Connection {
  /** Sends messages; gives a promise if the client has to read first, which resolves when it has or is gone. */
  send(texts: List<string>): Promise<void> | undefined
  /** Says goodbye. Resolves when the connection is gone; a client that does not answer is not waited for. */
  hangUp(code: number, reason: string): Promise<void>
  /** Breaks the connection, after what was sent is on its way. */
  drop(): void
  /** Breaks the connection soon, whatever still waits to be read. */
  expire(): void
}

/** Takes care of a connection after its handshake. */
export function openConnection(reader: Reader, options: ConnectionOptions, common: Common): Connection {
  const connection = new OpenConnection(reader, options, common)
  listen(reader, options.socket, connection)
  return connection
}

/** What waits takes more than its bytes: what refers to it, and what is to be done with it. */
const WAITING_BYTES = 256

/** There are thousands, and most are idle: what an idle one does not need is made when it is needed. */
class OpenConnection implements Connection, Watched {
  readonly outflow: Socket
  readonly #reader: Reader
  readonly #account: Account
  readonly #peer: Peer
  readonly #common: Common
  readonly #watch: Watch
  readonly #reading: Reading
  #isOpen = true
  #patience: Timer | undefined
  #intake: Inbox | undefined
  #drained: (() => Promise<void>) | undefined
  #noteUnread: (() => void) | undefined

  constructor(reader: Reader, { socket, account, peer }: ConnectionOptions, common: Common) {
    this.outflow = socket
    this.#reader = reader
    this.#account = account
    this.#peer = peer
    this.#common = common
    this.#watch = common.heartbeat.watch(this)
    this.#reading = createReading(account)
  }

  send(texts: List<string>): Promise<void> | undefined {
    if (!this.#isOpen) return undefined
    const socket = this.outflow
    socket.write(this.#common.framed(texts))
    this.#noteUnread ??= unreadOf(socket, this.#account)
    this.#noteUnread()
    this.#watch.sent()
    return socket.writableLength > HIGH_WATER_BYTES ? this.drained() : undefined
  }

  async hangUp(code: number, reason: string): Promise<void> {
    if (this.#reader.isGone) return
    const closed = new Promise((resolve) => this.#reader.once('close', resolve))
    if (this.#isOpen) this.outflow.write(closeFrame(code, reason))
    this.#leave()
    this.expire()
    await closed
  }

  drop(): void {
    this.outflow.write('', () => this.outflow.destroy())
  }

  expire(): void {
    this.#patience?.clear()
    this.#patience = this.#breakAfter(PATIENCE_MS)
  }

  ask(): void {
    if (this.#isOpen) this.outflow.write(controlFrame('ping'))
  }

  giveUp(): void {
    this.outflow.destroy()
  }

  drained(): Promise<void> {
    this.#drained ??= createDrain(this.outflow)
    return this.#drained()
  }

  /** Bytes came, of which ws keeps those of a message until it is whole. */
  arrived(bytes: number): void {
    if (this.#reading.arrived(bytes) || !this.#isOpen) return
    const error = this.#account.refusal(this.#reading.begun())
    this.#end(this.#lastFrames(this.#peer.complain(error), edgesOf(error.code).close))
    this.#reader.pause()
    this.expire()
  }

  message(data: Buffer, isBinary: boolean): void {
    this.#reading.whole(data.byteLength)
    this.#add(() => {
      if (!this.#isOpen) return
      this.#watch.heard()
      this.#peer.receive(isBinary ? undefined : String(data))
    }, data.byteLength)
  }

  ping(data: Buffer): void {
    this.#reading.control(data.byteLength)
    this.#add(() => this.#isOpen && this.outflow.write(controlFrame('pong', data)))
  }

  pong(data: Buffer): void {
    this.#reading.control(data.byteLength)
    this.#add(() => this.#watch.heard())
  }

  broken(error: Error): void {
    this.#peer.broken(error)
  }

  /** The client has closed, or it broke the protocol and there is a code without a reason. */
  concluded(code?: number, reason?: string | Buffer): void {
    this.#add(() => {
      const words = code !== undefined && reason === undefined ? this.#peer.lastWords(code) : undefined
      if (words === undefined) return this.#end(closeFrame(code, reason))
      this.#end(this.#lastFrames(words, edgesOf('too_large').close))
    })
  }

  /** A client that closes its half of the connection is gone, too: ws then closes the other half. */
  halfClosed(): void {
    this.#intake?.clear()
    this.#end()
  }

  closed(code: number): void {
    this.#leave()
    this.#patience?.clear()
    this.#watch.stop()
    this.#account.close()
    this.#peer.closed(code)
  }

  /** Handles something in its order, which takes so many bytes until then. */
  #add(handle: () => void, bytes = 0): void {
    this.#intake ??= createIntake(flowOf(this.#reader, this), this.#common.clock)
    const weight = bytes + WAITING_BYTES
    this.#account.charge(weight)
    this.#intake.add(() => {
      this.#account.credit(weight)
      // ws gives what was not read for messages even after the connection is gone: nothing of it may begin.
      if (!this.outflow.destroyed) handle()
    }, bytes)
  }

  #lastFrames(words: string, code: number | undefined): Buffer {
    return Buffer.concat([this.#common.framed(fresh([words])), closeFrame(code)])
  }

  /** Nothing can be sent any more but these last frames; there are none if the client has closed its half. */
  #end(frames?: Uint8Array): void {
    if (this.#isOpen && frames) this.outflow.write(frames)
    this.#leave()
    // What ws would wait for by a timer of its own.
    if (frames) this.outflow.end()
    this.#patience ??= this.#breakAfter(CLOSE_TIMEOUT_MS)
  }

  #leave(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#peer.left()
  }

  #breakAfter(ms: number): Timer {
    return this.#common.clock.timer(ms, () => this.outflow.destroy())
  }
}

/** Hands on what ws reads. */
function listen(reader: Reader, socket: Socket, to: OpenConnection): void {
  reader.connection = to
  // Before ws, which keeps the bytes of a message until it is whole.
  socket.prependListener('data', (chunk: Buffer) => to.arrived(chunk.byteLength))
  socket.on('end', () => to.halfClosed())
  reader.on('message', (data: Buffer, isBinary) => to.message(data, isBinary))
  reader.on('ping', (data) => to.ping(data))
  reader.on('pong', (data) => to.pong(data))
  reader.on('error', (error) => to.broken(error))
  reader.on('close', (code) => to.closed(code))
}

/** Makes what charges what the client has not read; to be called after each write. */
function unreadOf(socket: Socket, account: Account): () => void {
  const note = meter(socket, account)
  let waits = false
  const look = () => {
    note()
    if (waits || socket.writableLength === 0) return
    waits = true
    socket.write('', () => {
      waits = false
      look()
    })
  }
  return look
}

const flowOf = (reader: Reader, connection: OpenConnection): Flow => ({
  pause: () => reader.pause(),
  resume: () => reader.resume(),
  waitingBytes: () => connection.outflow.writableLength,
  drained: () => connection.drained(),
})
