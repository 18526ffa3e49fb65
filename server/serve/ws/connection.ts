/** One WebSocket: ws reads it, and what is written to it are raw frames. The only file that knows ws. */
import { constants } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { Clock, Timer } from '../../base/clock.ts'
import { type DeltatapeError, edgesOf } from '../../base/errors.ts'
import type { Account } from '../../base/ledger.ts'
import { type List, fresh } from '../../base/memo.ts'
import { createDrain, meter } from '../drain.ts'
import { closeFrame, controlFrame } from './framing.ts'
import type { Heartbeat } from './heartbeat.ts'
import { type Flow, HIGH_WATER_BYTES, type Inbox, createIntake } from './inbox.ts'
import { chosenOf } from './protocols.ts'
import { createReading } from './reading.ts'

/** In how many fragments a message may come: each costs memory of its own, however small it is. As ws has it by default. */
export const MAX_FRAGMENTS = 16 * 1024

/** How long a client may take to answer a close frame of a server that is about to stop, or has no room. */
const PATIENCE_MS = 500

/** How long a client may take otherwise to read the end of what it was sent, and to close its side. */
const CLOSE_TIMEOUT_MS = 30_000

/**
 * Reads frames and writes none. The closing of ws would set a timer of the process, which a test that fakes timers has
 * replaced; its own way to be fair to other connections would, too.
 */
class Reader extends WebSocket {
  /** Called instead of closing: the client has closed, or it broke the protocol and there is a code without a reason. */
  concluded: ((code?: number, reason?: string | Buffer) => void) | undefined

  override close(code?: number, reason?: string | Buffer): void {
    this.concluded?.(code, reason)
  }
}

export type { Reader }

/** Takes over a connection that asks for an upgrade. A request that is not a proper one is answered over HTTP. */
export type Handshake = (
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  opened: (reader: Reader) => void,
) => void

export interface HandshakeOptions {
  /** The largest message, in bytes. */
  readonly maxBytes: number
  /** A header of the response. */
  readonly header: string
}

export function createHandshake({ maxBytes, header }: HandshakeOptions): Handshake {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    allowSynchronousEvents: true,
    autoPong: false,
    handleProtocols: chosenOf,
    maxFragments: MAX_FRAGMENTS,
    // A message becomes a string.
    maxPayload: Math.min(maxBytes, constants.MAX_STRING_LENGTH),
    WebSocket: Reader,
  })
  server.on('headers', (headers) => headers.push(header))
  return (request, socket, head, opened) => server.handleUpgrade(request, socket, head, opened)
}

export interface ConnectionOptions {
  readonly socket: Socket
  readonly clock: Clock
  readonly heartbeat: Heartbeat
  /** What is kept of the client's messages, and of those that it has not read, is charged here. */
  readonly account: Account
  /** The bytes of messages. */
  readonly framed: (texts: List<string>) => Buffer
  /** A message came: its text, or undefined if it is binary. */
  readonly receive: (text: string | undefined) => void
  /** What a client is told before it is closed: its message is too large (code 1009), or in too many pieces (1008). */
  readonly lastWords: (code: number) => string | undefined
  /** The message for an error that belongs to no turn. */
  readonly complain: (error: DeltatapeError) => string
  /** Nothing can be sent any more. Called once. */
  readonly left: () => void
  /** The client broke the protocol. */
  readonly broken: (error: Error) => void
  /** The connection is gone. Called once, and last. */
  readonly closed: (code: number) => void
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
export function openConnection(ws: Reader, options: ConnectionOptions): Connection {
  const { socket, clock, framed, account } = options
  const [drained, noteUnread] = [createDrain(socket), unreadOf(socket, account)]
  let open = true
  let patience: Timer | undefined
  const leave = () => {
    if (!open) return
    open = false
    options.left()
  }
  const breakAfter = (ms: number): Timer => clock.timer(ms, () => socket.destroy())
  const expire = () => {
    patience?.clear()
    patience = breakAfter(PATIENCE_MS)
  }
  const watch = options.heartbeat.watch(
    socket,
    () => open && socket.write(controlFrame('ping')),
    () => socket.destroy(),
  )
  listen(ws, options, {
    isOpen: () => open,
    heard: watch.heard,
    drained,
    left(frames) {
      if (open && frames) socket.write(frames)
      leave()
      // What ws would wait for by a timer of its own.
      if (frames) socket.end()
      patience ??= breakAfter(CLOSE_TIMEOUT_MS)
    },
    expire,
    closed(code) {
      leave()
      patience?.clear()
      watch.stop()
      account.close()
      options.closed(code)
    },
  })
  return {
    send(texts) {
      if (!open) return undefined
      socket.write(framed(texts))
      noteUnread()
      watch.sent()
      return socket.writableLength > HIGH_WATER_BYTES ? drained() : undefined
    },
    async hangUp(code, reason) {
      if (ws.readyState === WebSocket.CLOSED) return
      const closed = new Promise((resolve) => ws.once('close', resolve))
      if (open) socket.write(closeFrame(code, reason))
      leave()
      expire()
      await closed
    },
    drop: () => void socket.write('', () => socket.destroy()),
    expire,
  }
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

interface Listening {
  readonly isOpen: () => boolean
  readonly heard: () => void
  readonly drained: () => Promise<void>
  /** Nothing can be sent any more but these last frames; there are none if the client has closed its half. */
  readonly left: (frames?: Uint8Array) => void
  /** The connection is broken soon, whatever still waits to be read. */
  readonly expire: () => void
  readonly closed: (code: number) => void
}

/** What waits takes more than its bytes: what refers to it, and what is to be done with it. */
const WAITING_BYTES = 256

/** Handles what ws reads. */
function listen(ws: Reader, on: ConnectionOptions, state: Listening): void {
  const { socket, account } = on
  let intake: Inbox | undefined
  const add = (handle: () => void, bytes = 0): void => {
    intake ??= createIntake(flowOf(ws, socket, state.drained), on.clock)
    const weight = bytes + WAITING_BYTES
    account.charge(weight)
    intake.add(() => {
      account.credit(weight)
      // ws gives what was not read for messages even after the connection is gone: nothing of it may begin.
      if (!socket.destroyed) handle()
    }, bytes)
  }
  const lastFrames = (words: string, code: number | undefined) =>
    Buffer.concat([on.framed(fresh([words])), closeFrame(code)])

  const reading = createReading(account)
  // Before ws, which keeps the bytes of a message until it is whole.
  socket.prependListener('data', (chunk: Buffer) => {
    if (reading.arrived(chunk.byteLength) || !state.isOpen()) return
    const error = account.refusal(reading.begun())
    state.left(lastFrames(on.complain(error), edgesOf(error.code).close))
    ws.pause()
    state.expire()
  })
  ws.on('message', (data: Buffer, isBinary) => {
    reading.whole(data.byteLength)
    add(() => {
      if (!state.isOpen()) return
      state.heard()
      on.receive(isBinary ? undefined : String(data))
    }, data.byteLength)
  })
  ws.on('ping', (data) => {
    reading.control(data.byteLength)
    add(() => state.isOpen() && socket.write(controlFrame('pong', data)))
  })
  ws.on('pong', (data) => {
    reading.control(data.byteLength)
    add(state.heard)
  })
  ws.on('error', on.broken)
  ws.concluded = (code, reason) =>
    add(() => {
      const words = code !== undefined && reason === undefined ? on.lastWords(code) : undefined
      if (words === undefined) return state.left(closeFrame(code, reason))
      state.left(lastFrames(words, edgesOf('too_large').close))
    })
  // A client that closes its half of the connection is gone, too: ws then closes the other half.
  socket.once('end', () => {
    intake?.clear()
    state.left()
  })
  ws.on('close', state.closed)
}

const flowOf = (ws: Reader, socket: Socket, drained: () => Promise<void>): Flow => ({
  pause: () => ws.pause(),
  resume: () => ws.resume(),
  waitingBytes: () => socket.writableLength,
  drained,
})
