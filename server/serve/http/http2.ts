/**
 * HTTP/2 without TLS on the port of HTTP/1.1, for clients that speak it without asking, such as the AWS SDK for
 * JavaScript: a connection is told by its first bytes, and its requests are answered by the same listener.
 */
import type { Server } from 'node:http'
import {
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  constants,
  createServer,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Readers } from './readers.ts'

/** What every connection of HTTP/2 begins with (RFC 9113, 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** What every connection of TLS begins with: a record of a handshake (RFC 8446, 5.1). No method of HTTP does. */
const HANDSHAKE = 22

/** How long a connection may say nothing at its beginning, as in HTTP/1.1. */
const FIRST_BYTES_MS = 60_000

/** How long a request may take to come, as in HTTP/1.1. */
const REQUEST_MS = 300_000

/** After how much silence a session takes no more requests. Those that it has are answered. */
const IDLE_MS = 120_000

/** What one client may have open at a time. Those of HTTP/1.1 would take a connection for each. */
const MAX_STREAMS = 128

export interface Sessions {
  /** Takes no more requests; each session ends when those that it has are answered. */
  drain(): void
  /** Ends all sessions now. */
  end(): void
}

export interface SessionsOptions {
  readonly answer: (request: Http2ServerRequest, response: Http2ServerResponse) => void
  readonly readers: Readers
  readonly clock: Clock
  /** A client speaks TLS. It gets the answer of HTTP/1.1 to what is no request. */
  readonly onTls: () => void
}

/** Lets the connections of a server speak HTTP/2, too. */
export function speakHttp2(http: Server, { answer, readers, clock, onTls }: SessionsOptions): Sessions {
  const http2 = createServer({ settings: { maxConcurrentStreams: MAX_STREAMS } }, (request, response) => {
    const { stream } = response
    const patience = clock.timer(REQUEST_MS, () => stream.close(constants.NGHTTP2_CANCEL))
    request.once('end', patience.clear)
    stream.once('close', patience.clear)
    readers.watch(stream)
    answer(request, response)
  })
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Socket>()
  http2.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.setTimeout(IDLE_MS, () => session.close())
  })
  const begin = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    http2.emit('connection', socket)
  }
  const first = http.listeners('connection')
  const silent = new Set<Socket>()
  http.removeAllListeners('connection')
  http.on('connection', (socket: Socket) => {
    silent.add(socket)
    listenTo(socket, clock, (begins) => {
      silent.delete(socket)
      if (begins === undefined) return
      if (begins === 'HTTP/2') return begin(socket)
      if (begins === 'TLS') onTls()
      for (const listener of first) listener.call(http, socket)
      socket.resume()
    })
  })
  return {
    drain() {
      for (const session of sessions) session.close()
      // Browsers connect before they have anything to ask.
      for (const socket of silent) socket.destroy()
    },
    end() {
      // A session that has ended may still wait for its client to hang up.
      for (const socket of sockets) socket.destroy()
    },
  }
}

/**
 * Waits for the first bytes of a connection, gives them back to it, and tells what it speaks; undefined if it is gone.
 * Nothing is left of this at the connection.
 */
function listenTo(
  socket: Socket,
  clock: Pick<Clock, 'timer'>,
  speak: (begins: 'HTTP/1' | 'HTTP/2' | 'TLS' | undefined) => void,
): void {
  let seen: Buffer | undefined
  const leave = () => void socket.destroy()
  const patience = clock.timer(FIRST_BYTES_MS, leave)
  const end = () => {
    patience.clear()
    socket.off('data', look).off('end', leave).off('error', leave).off('close', gone)
  }
  const gone = () => {
    end()
    speak(undefined)
  }
  const look = (bytes: Buffer) => {
    seen = seen === undefined ? bytes : Buffer.concat([seen, bytes])
    const length = Math.min(seen.length, PREFACE.length)
    const isPreface = seen.compare(PREFACE, 0, length, 0, length) === 0
    // Its rest is still on its way.
    if (isPreface && length < PREFACE.length) return
    end()
    socket.pause()
    socket.unshift(seen)
    if (isPreface) speak('HTTP/2')
    else speak(seen[0] === HANDSHAKE ? 'TLS' : 'HTTP/1')
  }
  socket.on('data', look).on('end', leave).on('error', leave).on('close', gone)
}
