/** Upgrades in their turn. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Calls `upgrade` for a request that leaves HTTP, once what came before it on the same connection has been answered:
 * Node hands over the connection at once, and a response would end up among the frames.
 */
export function onUpgrade(
  http: Server,
  upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
): void {
  /** The last response that is on its way, by connection. */
  const pending = new WeakMap<Socket, ServerResponse>()
  http.on('request', ({ socket }, response) => {
    pending.set(socket, response)
    response.once('close', () => {
      if (pending.get(socket) === response) pending.delete(socket)
    })
  })
  const inTurn = (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const before = pending.get(request.socket)
    if (!before) return upgrade(request, socket, head)
    // One that is gone has nobody to answer.
    socket.on('error', () => {})
    before.once('close', () => upgrade(request, socket, head))
  }
  http.on('upgrade', inTurn)
  http.on('connect', inTurn)
}
