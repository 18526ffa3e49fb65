/** Which connections may leave HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface Answering {
  /** Notes a request, until its response has ended. */
  note(request: IncomingMessage, response: ServerResponse): void
  /** Whether a response is on its way on a connection. */
  on(socket: Socket): boolean
}

/**
 * Knows the connections with a response on its way. An upgrade behind one stays a request like others, which are answered
 * in order: Node would hand over the connection at once, and the response would end up among the frames, or nowhere.
 */
export function createAnswering(): Answering {
  const open = new WeakMap<Socket, number>()
  const add = (socket: Socket, count: number) => open.set(socket, (open.get(socket) ?? 0) + count)
  return {
    note({ socket }, response) {
      add(socket, 1)
      response.once('close', () => add(socket, -1))
    },
    on: (socket) => (open.get(socket) ?? 0) > 0,
  }
}
