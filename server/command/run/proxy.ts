/** The proxy that a command is given, for what reads no base URL: in replay it lets nothing out, and it notes what was tried. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES, createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Environment } from '../../base/variables.ts'
import { listen } from '../../serve/listen.ts'
import { type Goal, bare, forward, isHere, tunnelTo, written } from './passage.ts'

export interface ProxyOptions {
  /** Whether what goes past the server is let out. What is on this machine is reached always. */
  readonly letsOut: boolean
  /** The user's own proxies. */
  readonly proxies: Environment
}

/** What went past the server, or tried to. */
export interface Stray {
  /** The host and its port: `api.openai.com:443`. */
  readonly to: string
  readonly host: string
  readonly times: number
}

export interface Proxy {
  readonly url: string
  /** Where the command tried to go, in the order of the first time. */
  strays(): readonly Stray[]
  /** Ends all that goes through it. */
  close(): void
}

/** How many hosts are noted. */
const MAX_STRAYS = 1000

/**
 * Starts a proxy for programs of this machine.
 *
 * @throws DeltatapeError `listen_failed`
 */
export async function startProxy({ letsOut, proxies }: ProxyOptions): Promise<Proxy> {
  const strays = new Map<string, { readonly to: string; readonly host: string; times: number }>()
  const sockets = new Set<Duplex>()
  const keep = <T extends Duplex>(socket: T): T => {
    sockets.add(socket)
    // Whoever leaves breaks a connection, and nothing else.
    return socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket))
  }
  /** Whether something is let out; what is not on this machine is noted. */
  const admit = (goal: Goal): boolean => {
    if (isHere(goal.host)) return true
    const to = written(goal)
    const known = strays.get(to)
    if (known) known.times++
    else if (strays.size < MAX_STRAYS) strays.set(to, { to, host: goal.host, times: 1 })
    return letsOut
  }

  const server = createServer((request, response) => {
    const url = request.url && URL.canParse(request.url) ? new URL(request.url) : undefined
    if (url?.protocol !== 'http:') {
      return refuse(response, 400, 'This is a proxy: it is asked for a whole address of http, or to CONNECT.')
    }
    const goal = { host: bare(url.hostname), port: Number(url.port || 80) }
    if (!admit(goal)) return refuse(response, 403, notLetOut(goal))
    try {
      forward(request, response, { goal, url, proxies })
    } catch {
      refuse(response, 400, 'This request cannot be passed on: its address or its headers are not well-formed.')
    }
  })
  server.on('connection', keep)
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const goal = goalIn(request.url ?? '')
    if (!goal) return refuseTunnel(socket, 400, 'CONNECT asks for a host and a port, such as api.example.com:443.')
    if (!admit(goal)) return refuseTunnel(socket, 403, notLetOut(goal))
    tunnelTo(goal, proxies).then(
      (far) => join(socket, keep(far), head),
      (error: Error) => refuseTunnel(socket, 502, `${written(goal)} cannot be reached: ${error.message}.`),
    )
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  return {
    url: `http://127.0.0.1:${port}`,
    strays: () => [...strays.values()],
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** The goal of a tunnel: a host and a port. */
function goalIn(text: string): Goal | undefined {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+?)\.?):(\d{1,5})$/i.exec(text) ?? []
  const host = (bracketed ?? plain)?.toLowerCase()
  return host === undefined || Number(port) > 65535 ? undefined : { host, port: Number(port) }
}

const notLetOut = (goal: Goal): string =>
  `deltatape run lets nothing out in replay, and ${written(goal)} does not go through deltatape. Give this program the base URL of deltatape (DELTATAPE_URL), or name the host in NO_PROXY.`

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${text}\n`)
}

/** The same on a bare socket. What a program shows of it is often the first line alone. */
function refuseTunnel(socket: Duplex, status: number, text: string): void {
  const body = `${text}\n`
  const reason = status === 403 ? 'Not let out by deltatape' : STATUS_CODES[status]
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'content-type: text/plain',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\nconnection: close\r\n\r\n${body}`)
}

/** Joins two ends: what one says the other hears, until one of them leaves. */
function join(near: Socket, far: Duplex, head: Buffer): void {
  if (near.destroyed) return void far.destroy()
  near.write('HTTP/1.1 200 Connection established\r\n\r\n')
  far.write(head)
  near.pipe(far).pipe(near)
  near.once('close', () => far.destroy())
  far.once('close', () => near.destroy())
}
