/** An API that speaks over WebSockets, and the transport to it. */
import { type IncomingMessage, type Server, createServer } from 'node:http'
import { expect, onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Call, Incoming } from '../../../server/api/call.ts'
import type { Headers } from '../../../server/api/headers.ts'
import { type SocketTransport, createSocketTransport } from '../../../server/model/transport/socket.ts'
import { callOf, listen, open, textOf } from './network.ts'

/** One connection of a client, as the API has it: what was sent, in order, and what to answer. */
export interface Line {
  readonly request: IncomingMessage
  readonly ws: WebSocket
  /** The next message, as text. */
  next(): Promise<string>
  send(...messages: (string | object)[]): void
}

export interface Api {
  readonly baseURL: string
  readonly port: number
  /** The next connection. */
  next(): Promise<Line>
  readonly lines: readonly Line[]
}

export async function startApi(server: Server = createServer()): Promise<Api> {
  const api = new WebSocketServer({ server })
  const lines: Line[] = []
  let taken = 0
  let arrived = Promise.withResolvers<void>()
  api.on('connection', (ws, request) => {
    ws.on('error', () => {})
    const messages: string[] = []
    let came = Promise.withResolvers<void>()
    ws.on('message', (data, isBinary) => {
      messages.push(isBinary ? 'binary' : String(data))
      came.resolve()
      came = Promise.withResolvers()
    })
    lines.push({
      ws,
      request,
      async next() {
        while (messages.length === 0) await came.promise
        return messages.shift() ?? ''
      },
      send: (...all) => all.forEach((one) => ws.send(typeof one === 'string' ? one : JSON.stringify(one))),
    })
    arrived.resolve()
    arrived = Promise.withResolvers()
  })
  const port = await listen(server)
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    port,
    lines,
    async next() {
      while (lines.length <= taken) await arrived.promise
      const line = lines[taken++]
      if (!line) throw new Error('It has no connection.')
      return line
    },
  }
}

export interface Options {
  readonly headers?: Headers
  readonly credential?: string
  readonly apiKey?: string
  readonly env?: Readonly<Record<string, string>>
  readonly maxEventBytes?: number
}

export function connectTo(
  baseURL: string,
  { headers = [], credential = 'sk-client', apiKey, env = {}, maxEventBytes = 2 ** 26 }: Options = {},
): SocketTransport {
  const socket = createSocketTransport({ baseURL, apiKey, env, maxEventBytes }, headers, credential)
  onTestFinished(() => socket.close())
  return socket
}

export const create = (text = '{"type":"response.create","model":"m"}'): Call => callOf({ body: Buffer.from(text) })

export const CREATED = { type: 'response.created', response: { id: 'resp_1' } }
export const DELTA = { type: 'response.output_text.delta', delta: 'Hi' }
export const COMPLETED = { type: 'response.completed', response: { id: 'resp_1', status: 'completed' } }

/** Events as they come over HTTP. */
export const sse = (...events: readonly { readonly type: string }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')

/** A turn that goes well, by a connection that is open or is opened. */
export async function goodTurn(transport: SocketTransport['transport'], line: Line | Promise<Line>): Promise<Line> {
  const coming = transport(create(), open())
  const its = await line
  await its.next()
  its.send(CREATED, COMPLETED)
  expect(await textOf(await coming)).toBe(sse(CREATED, COMPLETED))
  return its
}

export const reader = ({ body }: Incoming) => {
  const chunks = body[Symbol.asyncIterator]()
  let came = ''
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const end = came.indexOf('\n\n') + 2
      const message = came.slice(0, end)
      came = came.slice(end)
      if (end > 1) return message
      came = message + came
      const { done, value } = await chunks.next()
      if (done) return undefined
      came += String(value)
    }
  }
  return { next, leave: () => chunks.return?.(), chunks }
}
