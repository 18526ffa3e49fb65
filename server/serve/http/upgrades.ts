/** The requests of one connection: how many are begun at a time, and whether it may leave HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Log } from '../log.ts'

export interface Answering {
  /** Begins to answer a request, once few others of its connection are being answered. */
  add(request: IncomingMessage, response: ServerResponse, begin: () => void): void
  /** Whether a response is on its way on a connection. */
  on(socket: Socket): boolean
}

/** How many requests of one connection are answered at a time. */
const MAX_BEGUN = 4

/** How many there may be in all, as in HTTP/2: programs wait for an answer before they ask again, or send a few. */
const MAX_IN_A_ROW = 128

/** What is on its way on one connection. */
interface OnItsWay {
  begun: number
  readonly waiting: (() => void)[]
}

/**
 * Knows the connections with a response on its way. Of the requests that a client sends in a row few are begun
 * at a time: begun together, they would take the time of all others. An upgrade behind one stays a request like others, which are answered
 * in order: Node would hand over the connection at once, and the response would end up among the frames, or nowhere.
 */
export function createAnswering(log: Pick<Log, 'warn'>): Answering {
  const open = new WeakMap<Socket, OnItsWay>()
  const refuse = (socket: Socket) => {
    if (socket.destroyed) return
    log.warn(`a client is gone that sent more than ${MAX_IN_A_ROW} requests in a row, and waited for none of them`)
    socket.destroy()
  }
  const next = (socket: Socket, on: OnItsWay) => {
    on.begun--
    const begin = socket.destroyed ? undefined : on.waiting.shift()
    if (begin) begin()
    else if (on.begun === 0) open.delete(socket)
  }
  return {
    add({ socket }, response, begin) {
      const on = open.get(socket) ?? { begun: 0, waiting: [] }
      open.set(socket, on)
      const start = () => {
        on.begun++
        response.on('close', () => next(socket, on))
        begin()
      }
      if (on.begun < MAX_BEGUN) start()
      else if (on.begun + on.waiting.length < MAX_IN_A_ROW) on.waiting.push(start)
      else refuse(socket)
    },
    on: (socket) => open.has(socket),
  }
}
