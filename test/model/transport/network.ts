/** What stands on the other side of a transport: raw servers, a proxy, a certificate; all on loopback. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type Server, type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { any } from '../../../server/api/any.ts'
import type { Call, Incoming, Transport } from '../../../server/api/call.ts'
import { createDispatcher } from '../../../server/model/transport/dispatcher.ts'
import { createHttpTransport } from '../../../server/model/transport/http.ts'

/** A call of a client; what is not said is that of a small JSON request. */
export function callOf(over: Partial<Call> = {}): Call {
  const body = over.body ?? Buffer.from('{"model":"m","input":"Hi"}')
  return { api: any, method: 'POST', path: '/v1/responses', query: '', headers: [], body, content: body, ...over }
}

/** The same with a key of the client's own. */
export const withKey = (over: Partial<Call> = {}): Call => callOf({ credential: 'sk-client', ...over })

/** The transport that is tested, with connections of its own. */
export const makeHttp = (baseURL: string, apiKey?: string): Transport =>
  createHttpTransport({ baseURL, apiKey, dispatcher: createDispatcher({}) })

/** undici lets this pass before it uses a connection again. */
export const turnOfTheLoop = promisify(setImmediate)

/** A signal that nothing aborts. */
export const open = (): AbortSignal => new AbortController().signal

/** Listens on loopback until the end of the test; gives the port. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It has no port.')
  return address.port
}

/** A request as it was on the wire, in latin1, and the socket that it came by. */
export interface Caught {
  readonly text: string
  readonly socket: Socket
  answer(text: string): void
}

export interface Catcher {
  readonly port: number
  readonly baseURL: string
  /** How many connections there have been. */
  readonly connections: number
  /** The next request, in order. */
  next(): Promise<Caught>
}

/** A server that keeps requests as they are on the wire, and answers as it is told. */
export async function startCatcher(): Promise<Catcher> {
  const caught: Caught[] = []
  const waiting: ((caught: Caught) => void)[] = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0)
      if (head === -1 || text.length < head + 4 + length) return
      const one = { text, socket, answer: (answer: string) => void socket.write(answer, 'latin1') }
      text = ''
      const taker = waiting.shift()
      if (taker) taker(one)
      else caught.push(one)
    })
  })
  const port = await listen(server)
  return {
    port,
    baseURL: `http://127.0.0.1:${port}/v1`,
    get connections() {
      return connections
    },
    next() {
      const one = caught.shift()
      return one ? Promise.resolve(one) : new Promise((resolve) => void waiting.push(resolve))
    },
  }
}

/** An answer as a raw text with its length. */
export const whole = (body: string, head = 'HTTP/1.1 200 OK'): string =>
  `${head}\r\ncontent-length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`

/** The head of an answer that streams. */
export const SSE_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

/** A piece of its body. */
export const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

/** The body of an answer as text, to its end. */
export async function textOf({ body }: Incoming): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const each of body) chunks.push(each)
  return Buffer.concat(chunks).toString()
}

/** What a promise was rejected with. */
export const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => Promise.reject(new Error(`It did not fail: ${JSON.stringify(value)}`)),
    (error: unknown) => error,
  )

/** An HTTP proxy that reaches every host at one port of this machine. */
export async function startProxy(port: number, status = '200 OK'): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = []
  const proxy = createHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    response.end('by the proxy')
  })
  proxy.on('connect', (request, client: Socket) => {
    seen.push(`CONNECT ${request.url}`)
    client.on('error', () => {})
    if (!status.startsWith('200')) return void client.end(`HTTP/1.1 ${status}\r\n\r\n`)
    const api = connect(port, '127.0.0.1', () => {
      client.write(`HTTP/1.1 ${status}\r\n\r\n`)
      api.pipe(client)
      client.pipe(api)
    })
    api.on('error', () => client.destroy())
    client.on('close', () => api.destroy())
  })
  return { url: `http://127.0.0.1:${await listen(proxy)}`, seen }
}

/** A certificate for one name. */
export async function makeCertificate(name: string): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'deltatape-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  try {
    await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert])
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
  } finally {
    await rm(folder, { recursive: true })
  }
}
