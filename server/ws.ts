/** Sockets ↔ sessions. */
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Config } from './config.ts'
import { DeltatapeError, edgesOf } from './errors.ts'
import { admit } from './guard.ts'
import { errorBody, identity } from './http.ts'
import type { Journal } from './journal.ts'
import type { Log } from './log.ts'
import type { Model } from './model/model.ts'
import type { Clock, Timer } from './pace.ts'
import { encodeFrame } from './protocol.ts'
import type { Redactor } from './redact.ts'
import { SHUTTING_DOWN, createSession, type Session } from './session.ts'

export interface SocketsOptions {
  readonly config: Config
  readonly model: Model
  readonly redactor: Redactor
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
}

export interface Sockets {
  /** Takes over a connection that asks for an upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Takes no new turns, and closes each connection when its turns have ended. */
  drain(): Promise<void>
  /** Ends the turns that still run, each with its terminal frame. */
  stop(): void
}

/** How often a connection is asked whether its client is still there; one that has not answered by the next time is gone. */
const HEARTBEAT_MS = 30_000

/** How long a client may take to answer a close frame. */
const CLOSE_PATIENCE_MS = 500

/** How much may wait for a client to read it, in bytes, before its model, and its own messages, have to wait. */
const HIGH_WATER_BYTES = 256 * 1024

const ENDPOINTS = new Map([
  ['/ws', { deltas: false }],
  ['/ws-stream', { deltas: true }],
])

/** A WebSocket that says why before it closes on a message that is too large. */
class ChatSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    // Without a reason it is ws itself that closes: a client's own close frame comes with one, if an empty one.
    if (code === edgesOf('too_large').close && reason === undefined && this.readyState === WebSocket.OPEN) {
      const message = 'This message is larger than MAX_INPUT_BYTES allows.'
      this.send(encodeFrame({ type: 'error', message, code: 'too_large' }))
    }
    super.close(code, reason)
  }
}

interface Connection {
  readonly ws: WebSocket
  readonly session: Session
  /** Whether the client has been heard of since it was last asked. */
  alive: boolean
}

export function createSockets(options: SocketsOptions): Sockets {
  const { config, model, redactor, clock, journal, log } = options
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: config.maxInputBytes,
    WebSocket: ChatSocket,
  })
  server.on('headers', (headers) => headers.push(`x-deltatape: ${identity(config)}`))
  const connections = new Set<Connection>()
  let draining = false

  /** Runs while there are connections. */
  let heartbeat: Timer | undefined
  const beat = () => {
    for (const connection of connections) {
      if (!connection.alive) connection.ws.terminate()
      connection.alive = false
      connection.ws.ping()
    }
    heartbeat?.refresh()
  }

  const connect = (ws: WebSocket, socket: Duplex, endpoint: string, deltas: boolean): void => {
    if (connections.size >= config.maxConnections) {
      ws.on('error', ignoreGone)
      ws.close(edgesOf('busy').close, `MAX_CONNECTIONS=${config.maxConnections} are open`)
      return
    }
    const drained = createDrain(socket)
    const session = createSession({
      model,
      chatbotModel: config.chatbotModel,
      endpoint,
      deltas,
      maxQueuedTurns: config.maxQueuedTurns,
      redact: redactor.text,
      clock,
      journal,
      log,
      send(frames) {
        if (ws.readyState !== WebSocket.OPEN) return undefined
        socket.cork()
        for (const frame of frames) ws.send(frame)
        socket.uncork()
        return socket.writableLength > HIGH_WATER_BYTES ? drained() : undefined
      },
    })
    const connection: Connection = { ws, session, alive: true }
    connections.add(connection)
    heartbeat ??= clock.timer(HEARTBEAT_MS, beat)
    ws.on('pong', () => {
      connection.alive = true
    })
    ws.on('message', (data, isBinary) => {
      connection.alive = true
      session.receive(isBinary ? undefined : String(data))
      if (socket.writableLength <= HIGH_WATER_BYTES) return
      ws.pause()
      void drained().then(() => ws.resume())
    })
    ws.on('error', (error) => {
      log.warn(`a client broke the protocol: ${error.message}`, { endpoint })
      session.leave()
    })
    ws.on('close', () => {
      connections.delete(connection)
      session.leave()
      if (connections.size > 0) return
      heartbeat?.clear()
      heartbeat = undefined
    })
  }

  const close = async ({ ws, session }: Connection): Promise<void> => {
    await session.drain()
    const closed = new Promise((resolve) => ws.once('close', resolve))
    if (ws.readyState === WebSocket.CLOSED) return
    const patience = clock.timer(CLOSE_PATIENCE_MS, () => ws.terminate())
    ws.close(edgesOf('shutting_down').close, SHUTTING_DOWN)
    await closed
    patience.clear()
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', ignoreGone)
      const path = pathOf(request.url)
      const endpoint = ENDPOINTS.get(path)
      const refusal = admit({ host: request.headers.host, origin: request.headers.origin }, config)
      if (refusal) return refuse(socket, refusal, config)
      if (!endpoint) {
        const message = `There is no WebSocket ${path} here. There are /ws and /ws-stream.`
        return refuse(socket, new DeltatapeError('not_found', message), config)
      }
      if (draining) return refuse(socket, new DeltatapeError('shutting_down', SHUTTING_DOWN), config)
      server.handleUpgrade(request, socket, head, (ws) => connect(ws, socket, path, endpoint.deltas))
    },
    async drain() {
      draining = true
      await Promise.all([...connections].map(close))
    },
    stop() {
      for (const { session } of connections) session.stop(new DeltatapeError('shutting_down', SHUTTING_DOWN))
    },
  }
}

/** A connection that is gone has nobody to tell; that it is gone is seen by its `close` event. */
function ignoreGone(): void {}

const pathOf = (url = '/'): string =>
  URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost').pathname : url

/** Resolves when what was written has been handed to the network, or the connection is gone. */
function createDrain(socket: Duplex): () => Promise<void> {
  let waiting: Promise<void> | undefined
  return () => {
    waiting ??= new Promise((resolve) => {
      const settle = () => {
        socket.off('drain', settle)
        socket.off('close', settle)
        waiting = undefined
        resolve()
      }
      socket.on('drain', settle)
      socket.on('close', settle)
      if (socket.destroyed) settle()
    })
    return waiting
  }
}

/** Answers an upgrade that is not let in as the HTTP request that it is. */
function refuse(socket: Duplex, error: DeltatapeError, config: Config): void {
  const body = JSON.stringify(errorBody(error))
  const status = edgesOf(error.code).http ?? 500
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-deltatape: ${identity(config)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
