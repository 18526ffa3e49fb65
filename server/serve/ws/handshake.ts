/** How a connection becomes a WebSocket, and what reads it then. The only file of the server that knows ws. */
import { constants } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { chosenOf } from './protocols.ts'

/** In how many fragments a message may come: each costs memory of its own, however small it is. As ws has it by default. */
export const MAX_FRAGMENTS = 16 * 1024

interface Concluding {
  /** The client has closed, or it broke the protocol and there is a code without a reason. */
  concluded(code?: number, reason?: string | Buffer): void
}

/**
 * Reads frames and writes none. The closing of ws would set a timer of the process, which a test that fakes timers has
 * replaced; its own way to be fair to other connections would, too.
 */
class Reader extends WebSocket {
  /** Told instead of closing. */
  connection: Concluding | undefined

  get isGone(): boolean {
    return this.readyState === WebSocket.CLOSED
  }

  override close(code?: number, reason?: string | Buffer): void {
    this.connection?.concluded(code, reason)
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
