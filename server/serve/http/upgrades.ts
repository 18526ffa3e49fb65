/** The requests of one connection: one after another, and whether it may leave HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface Answering {
  /** Begins to answer a request, once the response before it on its connection has ended. */
  add(request: IncomingMessage, response: ServerResponse, begin: () => void): void
  /** Whether a response is on its way on a connection. */
  on(socket: Socket): boolean
}

/**
 * Knows the connections with a response on its way. Of the requests that a client sends in a row one is begun at a time:
 * begun together, they would take the time of all others. An upgrade behind one stays a request like others, which are answered
 * in order: Node would hand over the connection at once, and the response would end up among the frames, or nowhere.
 */
export function createAnswering(): Answering {
  /** What waits on the connections with a response on its way. */
  const open = new WeakMap<Socket, (() => void)[]>()
  const next = (socket: Socket) => {
    const begin = socket.destroyed ? undefined : open.get(socket)?.shift()
    if (begin) begin()
    else open.delete(socket)
  }
  return {
    add({ socket }, response, begin) {
      const start = () => {
        response.once('close', () => next(socket))
        begin()
      }
      const waiting = open.get(socket)
      if (waiting) waiting.push(start)
      else {
        open.set(socket, [])
        start()
      }
    },
    on: (socket) => open.has(socket),
  }
}
