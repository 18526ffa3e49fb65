/** Sockets ↔ sessions. */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { apiErrorOf } from '../../api/responses/body.ts'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError, edgesOf, shuttingDown } from '../../base/errors.ts'
import { identity } from '../../base/version.ts'
import type { Config } from '../../config.ts'
import type { Model } from '../../model/model.ts'
import type { Redactor } from '../../redact/redactor.ts'
import { createDrain } from '../drain.ts'
import { admit, authorize } from '../guard.ts'
import type { Journal } from '../journal.ts'
import type { Log } from '../log.ts'
import { type Asked, urlOf } from '../visit.ts'
import { chat } from './chat.ts'
import type { Dialect } from './dialect.ts'
import { framed } from './framing.ts'
import { createHeartbeat } from './heartbeat.ts'
import { responses } from './responses.ts'
import { type Session, createSession } from './session.ts'

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
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
  /** Takes no new turns, and closes each connection when its turns have ended. */
  drain(): Promise<void>
  /** Ends the turns that still run, each with its own end. */
  stop(error: DeltatapeError): void
}

/** In how many fragments a message may come: each costs memory of its own, however small it is. As ws has it by default. */
const MAX_FRAGMENTS = 16 * 1024

/** How long a client may take to read the end of what it was sent, or to answer a close frame. */
const PATIENCE_MS = 500

/** How much may wait for a client to read it, in bytes, before its model, and its own messages, have to wait. */
const HIGH_WATER_BYTES = 64 * 1024

/** Which dialect is spoken at which path. */
const DIALECTS: Readonly<Record<string, (config: Config, redact: (text: string) => string) => Dialect>> = {
  '/ws': ({ chatbotModel: model }, redact) => chat({ model, deltas: false, redact }),
  '/ws-stream': ({ chatbotModel: model }, redact) => chat({ model, deltas: true, redact }),
  '/v1/responses': (_config, redact) => responses({ redact }),
}

/** A WebSocket that says why before it closes on a message that is too large, or comes in too many pieces. */
class TalkingSocket extends WebSocket {
  /** What it says then, by the close code that ws has for it. */
  lastWords: (code: number) => string | undefined = () => undefined
  /** Called when nothing can be sent any more: after a close frame, whoever sends the first, even if the other never answers. */
  left: () => void = () => {}

  override close(code?: number, reason?: string | Buffer): void {
    // Without a reason it is ws itself that closes: a client's own close frame comes with one, if an empty one.
    const words = reason === undefined && code !== undefined ? this.lastWords(code) : undefined
    if (words !== undefined && this.readyState === WebSocket.OPEN) this.send(words)
    super.close(words === undefined ? code : edgesOf('too_large').close, reason)
    this.left()
  }
}

interface Connection {
  readonly ws: WebSocket
  /** There is none before the first message: most connections of a crowd are idle, and cost the less. */
  session: Session | undefined
}

export function createSockets(options: SocketsOptions): Sockets {
  const { config, model, redactor, clock, journal, log } = options
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // One message a turn of the event loop: who sends thousands at once does not keep others waiting.
    allowSynchronousEvents: false,
    maxFragments: MAX_FRAGMENTS,
    maxPayload: config.maxInputBytes,
    WebSocket: TalkingSocket,
  })
  server.on('headers', (headers) => headers.push(`x-deltatape: ${identity(config)}`))
  const connections = new Set<Connection>()
  let draining = false

  const heartbeat = createHeartbeat(clock)

  const connect = (ws: TalkingSocket, socket: Socket, endpoint: string, dialect: Dialect, asked: Asked): void => {
    if (connections.size >= config.maxConnections) {
      ws.on('error', ignoreGone)
      log.warn('a client was turned away: MAX_CONNECTIONS are open', { endpoint })
      void hangUp(ws, 'busy', `MAX_CONNECTIONS=${config.maxConnections} are open`)
      return
    }
    ws.lastWords = (code) => {
      const why = WHY_CLOSED[code]
      return why && dialect.complain(why(config))
    }
    const drained = createDrain(socket)
    const begin = (): Session =>
      createSession({
        model,
        dialect,
        endpoint,
        maxQueuedTurns: config.maxQueuedTurns,
        ...asked,
        clock,
        journal,
        log,
        drop: () => void socket.write('', () => ws.terminate()),
        send(frames) {
          if (ws.readyState !== WebSocket.OPEN) return undefined
          socket.write(framed(frames))
          watch.sent()
          return socket.writableLength > HIGH_WATER_BYTES ? drained() : undefined
        },
      })
    const connection: Connection = { ws, session: undefined }
    connections.add(connection)
    const leave = () => connection.session?.leave()
    ws.left = leave
    // What it sent before may not all have been read.
    socket.once('close', leave)
    const watch = heartbeat.watch(
      socket,
      () => ws.ping(),
      () => ws.terminate(),
    )
    ws.on('pong', watch.heard)
    log.debug('a client connected', { endpoint })
    ws.on('message', (data, isBinary) => {
      // Read late, of a client that is gone.
      if (socket.destroyed) return
      watch.heard()
      connection.session ??= begin()
      // One that spoke for the first time after the drain began: nothing of it may begin.
      if (draining) void connection.session.drain()
      connection.session.receive(isBinary ? undefined : String(data))
      if (socket.writableLength <= HIGH_WATER_BYTES) return
      ws.pause()
      void drained().then(() => ws.resume())
    })
    ws.on('error', (error) => {
      log.warn(`a client broke the protocol: ${error.message}`, { endpoint })
      leave()
    })
    ws.on('close', (code) => {
      log.debug('a client is gone', { endpoint, code })
      connections.delete(connection)
      leave()
      watch.stop()
    })
  }

  /** Says goodbye; a client that does not answer is not waited for. */
  const hangUp = async (ws: WebSocket, code: 'busy' | 'shutting_down', reason: string): Promise<void> => {
    if (ws.readyState === WebSocket.CLOSED) return
    const closed = new Promise((resolve) => ws.once('close', resolve))
    const patience = clock.timer(PATIENCE_MS, () => ws.terminate())
    ws.close(edgesOf(code).close, reason)
    await closed
    patience.clear()
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', ignoreGone)
      try {
        if (draining) throw shuttingDown()
        const { authorization, 'x-deltatape-token': token } = request.headers
        // As over HTTP: who sends several has none that is known.
        const [host, origin] = ['host', 'origin'].map((name) => request.headersDistinct[name]?.join(', '))
        const refusal = admit({ host, origin }, config)
        if (refusal) throw refusal
        const { pathname: path, searchParams } = urlOf(request.url)
        const dialect = DIALECTS[path]
        if (!dialect) throw noSocket(path)
        const { apiKey } = authorize({ authorization, token: token?.toString() }, config)
        const { text: redact } = redactor.with({ 'api-key': apiKey })
        const fault = searchParams.get('fault') || request.headers['x-deltatape-fault']?.toString() || undefined
        server.handleUpgrade(request, socket, head, (ws) =>
          connect(ws, socket, path, dialect(config, redact), { apiKey, fault }),
        )
      } catch (error) {
        if (!(error instanceof DeltatapeError)) throw error
        refuse(socket, error, config)
      }
    },
    async drain() {
      draining = true
      const ended = [...connections].map(async ({ ws, session }) => {
        await session?.drain()
        await hangUp(ws, 'shutting_down', shuttingDown().message)
      })
      await Promise.all(ended)
    },
    stop(error) {
      for (const { ws, session } of connections) {
        session?.stop(error)
        // A turn waits for its client to read; now it has waited long enough.
        const patience = clock.timer(PATIENCE_MS, () => ws.terminate())
        ws.once('close', patience.clear)
      }
    },
  }
}

const noSocket = (path: string) =>
  new DeltatapeError('not_found', `There is no WebSocket ${path} here. There are ${Object.keys(DIALECTS).join(', ')}.`)

const tooLarge = ({ maxInputBytes }: Config) =>
  new DeltatapeError('too_large', `This message is larger than MAX_INPUT_BYTES allows: ${maxInputBytes} bytes.`)

const tooManyFragments = () =>
  new DeltatapeError('too_large', `This message comes in too many pieces: at most ${MAX_FRAGMENTS} fragments.`)

/** What closes a connection of its own accord, by the close code that ws has for it. */
const WHY_CLOSED: Readonly<Record<number, (config: Config) => DeltatapeError>> = {
  1008: tooManyFragments,
  1009: tooLarge,
}

/** A connection that is gone has nobody to tell; that it is gone is seen by its `close` event. */
function ignoreGone(): void {}

/** Answers an upgrade that is not let in as the HTTP request that it is. */
function refuse(socket: Socket, error: DeltatapeError, config: Config): void {
  const { status, error: told } = apiErrorOf(error)
  const body = JSON.stringify({ error: told })
  // A client may keep its own side open for ever.
  socket.once('finish', () => socket.destroy())
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
