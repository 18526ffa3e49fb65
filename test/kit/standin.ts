/**
 * A stand-in for the API: a real server that speaks the Responses protocol, over HTTP and over WebSockets, and does what
 * a script says, well or badly. It can break a connection where a mocked fetch cannot: after the headers.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer, type WebSocket } from 'ws'
import { parseObject } from '../../server/base/json.ts'

/** What a stream does next. Waits are ms. */
export type Step =
  | { readonly event: Readonly<Record<string, unknown>>; readonly after?: number }
  /** Bytes as they are. */
  | { readonly raw: string | Uint8Array; readonly after?: number }
  | { readonly wait: number }
  /** Waits for the test. */
  | { readonly until: Promise<unknown> }
  /** Breaks the connection: what is still on its way may be lost. */
  | 'reset'
  /** Closes the connection before the body has ended, after all that was sent has come. */
  | 'close'
  /** Sends nothing more, and keeps the connection open until the client lets go. */
  | 'hang'

export interface Answer {
  readonly status?: number
  /** Several values of one name are several headers. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** The whole body; if it is missing, the steps make a stream. */
  readonly body?: string | Uint8Array
  readonly steps?: readonly Step[]
  /** What happens instead of an answer: the connection breaks, or nothing comes. */
  readonly instead?: 'reset' | 'hang'
}

/** What the stand-in was asked. */
export interface Call {
  /** The JSON object that was sent; empty if it was something else. */
  readonly body: Record<string, unknown>
  /** All that was sent. */
  readonly text: string
  readonly headers: IncomingHttpHeaders
  readonly method: string
  /** With the query. */
  readonly path: string
  /** Resolves when the connection of this call has ended, on whichever side; says whether the answer was whole by then. */
  readonly closed: Promise<{ readonly whole: boolean }>
}

export interface StandIn {
  /** What OPENAI_BASE_URL is set to. */
  readonly url: string
  readonly calls: readonly Call[]
  close(): Promise<void>
}

export async function startStandIn(answer: (call: Call, index: number) => Answer): Promise<StandIn> {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const closed = new Promise<{ whole: boolean }>((resolve) =>
      response.on('close', () => resolve({ whole: response.writableFinished })),
    )
    const { headers, method = '', url: path = '' } = request
    const text = Buffer.concat(chunks).toString()
    const call: Call = { body: parseObject(text) ?? {}, text, headers, method, path, closed }
    calls.push(call)
    await play(answer(call, calls.length - 1), response)
  })
  // It is the client who lets go of what is idle: whoever is slow would meet a connection that closes as it is used.
  server.keepAliveTimeout = 0
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (ws, { headers, url: path = '' }) => {
    const closed = new Promise<{ whole: boolean }>((resolve) => ws.on('close', () => resolve({ whole: true })))
    ws.on('message', (message) => {
      const text = String(message)
      const call: Call = { body: parseObject(text) ?? {}, text, headers, method: 'GET', path, closed }
      calls.push(call)
      void speak(answer({ ...call, body: { ...call.body, stream: true } }, calls.length - 1), ws)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/v1`,
    calls,
    async close() {
      const done = new Promise((resolve) => server.close(resolve))
      for (const ws of sockets.clients) ws.terminate()
      server.closeAllConnections()
      await done
    },
  }
}

const headersOf = (type: string, headers: Answer['headers'] = {}) => ({
  'content-type': type,
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()])),
})

async function play(
  { status = 200, headers, body, steps = [], instead }: Answer,
  response: ServerResponse,
): Promise<void> {
  if (instead === 'reset') response.destroy()
  if (instead) return
  if (body !== undefined) {
    response.writeHead(status, headersOf('application/json', headers)).end(body)
    return
  }
  response.writeHead(status, headersOf('text/event-stream; charset=utf-8', headers))
  response.flushHeaders()
  for (const step of steps) {
    if (response.destroyed) return
    if (step === 'hang') return
    if (step === 'reset' || step === 'close') {
      await flushed(response)
      if (step === 'reset') response.socket?.resetAndDestroy()
      else response.destroy()
      return
    }
    if ('until' in step) {
      await step.until
    } else if ('wait' in step) {
      await sleep(step.wait)
    } else {
      if (step.after) await sleep(step.after)
      response.write('raw' in step ? step.raw : sse(step.event))
    }
  }
  response.end()
}

/** Messages after which nothing more belongs to the answer; the API may send `response.failed` after `error`. */
const LAST = /^\{"type":"response\.(?:completed|incomplete|failed)"/
const ERROR = /^\{"type":"error"/

/**
 * The same over a WebSocket: each event is a message, and so is a refusal. An answer that ends too early closes it; what
 * would follow the end over HTTP is left out, since here it would be taken for the next answer.
 */
async function speak({ status = 200, body, steps = [], instead }: Answer, ws: WebSocket): Promise<void> {
  if (instead === 'reset') ws.terminate()
  if (instead) return
  const sent = body === undefined ? undefined : Buffer.from(body).toString()
  const error = parseObject(sent ?? '')?.error
  if (error) return ws.send(JSON.stringify({ type: 'error', status, error }))
  let last = sent ?? ''
  if (sent !== undefined) ws.send(sent)
  for (const step of steps) {
    if (step === 'hang' || LAST.test(last)) return
    if (step === 'reset' || step === 'close') return ws.terminate()
    if ('until' in step) {
      await step.until
    } else if ('wait' in step) {
      await sleep(step.wait)
    } else {
      if (step.after) await sleep(step.after)
      const texts = 'raw' in step ? dataIn(Buffer.from(step.raw).toString()) : [JSON.stringify(step.event)]
      for (const text of texts) ws.send(text)
      last = texts.at(-1) ?? last
    }
  }
  if (!LAST.test(last) && !ERROR.test(last)) ws.close(1011)
}

/** The data of an event stream: comments, and events that hold nothing, are no messages. */
const dataIn = (raw: string): string[] =>
  [...raw.matchAll(/^data: ?(.*)$/gm)].map(([, data = '']) => data).filter((data) => data !== '')

/** What was written is on its way before the connection breaks. */
const flushed = (response: ServerResponse) => new Promise((resolve) => response.write('', resolve))

/** An event as the API sends it. */
export const sse = (event: Readonly<Record<string, unknown>>): string =>
  `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`
