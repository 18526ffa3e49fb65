/** What goes past the server and is let out: by the proxy of the user if there is one, or else directly. */
import { type ClientRequest, type IncomingMessage, type ServerResponse, request as ask } from 'node:http'
import { request as askSafely } from 'node:https'
import { connect } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { Duplex } from 'node:stream'
import { inPairs } from '../../api/headers.ts'
import { isLoopback } from '../../base/host.ts'
import type { Environment } from '../../base/variables.ts'

/** Where something goes, as it was asked for: an IPv6 address without brackets. */
export interface Goal {
  readonly host: string
  readonly port: number
}

/** A host and its port, as they stand in an address. */
export const written = ({ host, port }: Goal): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** Whether a host is this machine, by whichever of its names. */
export const isHere = (host: string): boolean =>
  isLoopback(host) ||
  ['0.0.0.0', '::', hostname().toLowerCase()].includes(host) ||
  Object.values(networkInterfaces()).some((all = []) => all.some(({ address }) => address === host))

/** The proxy of the user for a goal that is not on this machine. */
function proxyFor({ host, port }: Goal, kind: 'HTTP_PROXY' | 'HTTPS_PROXY', proxies: Environment): URL | undefined {
  const address = proxies[kind]
  if (!address || isHere(host)) return undefined
  const spared = (proxies.NO_PROXY ?? '').split(/[\s,]+/).filter(Boolean)
  const isSpared = spared.some((entry) => {
    if (entry === '*') return true
    const [, name, ofPort] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    if (ofPort !== undefined && Number(ofPort) !== port) return false
    return host === name || host.endsWith(`.${name}`)
  })
  return isSpared ? undefined : new URL(address)
}

const loginOf = ({ username, password }: URL): Record<string, string> =>
  username === ''
    ? {}
    : {
        'proxy-authorization': `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      }

/** Asks a proxy for something, with no connection kept for later. */
function askProxy(
  proxy: URL,
  options: { method: string; path: string; headers: Record<string, string | string[]> },
): ClientRequest {
  const send = proxy.protocol === 'https:' ? askSafely : ask
  const port = proxy.port || (proxy.protocol === 'https:' ? 443 : 80)
  const headers = { ...options.headers, ...loginOf(proxy) }
  return send({ ...options, host: bare(proxy.hostname), port, headers, agent: false })
}

/** The host of an address, an IPv6 address without brackets. */
export const bare = (address: string): string => address.replace(/^\[(.*)\]$/, '$1')

/**
 * Opens a way to a goal, on which both sides say what they like.
 *
 * @throws Error if nobody is there, or a proxy in between refuses
 */
export async function tunnelTo(goal: Goal, proxies: Environment): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const proxy = proxyFor(goal, 'HTTPS_PROXY', proxies)
  if (proxy === undefined) {
    const socket = connect(goal.port, goal.host, () => resolve(socket))
    socket.once('error', reject)
    return promise
  }
  const at = written(goal)
  askProxy(proxy, { method: 'CONNECT', path: at, headers: { host: at } })
    .once('error', reject)
    .once('response', ({ statusCode }) => reject(new Error(`the proxy answers with ${statusCode}`)))
    .once('connect', ({ statusCode }, socket: Duplex, head: Buffer) => {
      socket.unshift(head)
      if (statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new Error(`the proxy answers with ${statusCode}`))
    })
    .end()
  return promise
}

/** Headers that are of one connection alone (RFC 9110, 7.6.1). */
const OF_A_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'upgrade',
])

/** The headers that go on: names as they were written, and several values of one name as several. */
function passedOn({ rawHeaders }: IncomingMessage): Record<string, string | string[]> {
  const passed = inPairs(rawHeaders).filter(([name]) => !OF_A_CONNECTION.has(name.toLowerCase()))
  const byName = Map.groupBy(passed, ([name]) => name)
  return Object.fromEntries(
    [...byName].map(([name, pairs]) => {
      const [first = '', ...more] = pairs.map(([, value]) => value)
      return [name, more.length > 0 ? [first, ...more] : first]
    }),
  )
}

/** Passes a request for a whole address on, and its answer back. */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { goal, url, proxies }: { readonly goal: Goal; readonly url: URL; readonly proxies: Environment },
): void {
  const proxy = proxyFor(goal, 'HTTP_PROXY', proxies)
  const { method = 'GET' } = request
  const headers = passedOn(request)
  const sent = proxy
    ? askProxy(proxy, { method, path: url.href, headers })
    : ask({ method, ...goal, path: url.pathname + url.search, headers, agent: false })
  sent.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedOn(answer))
    answer.pipe(response)
    answer.once('error', () => response.destroy())
  })
  sent.once('error', (error) => {
    if (response.headersSent) return void response.destroy()
    response.writeHead(502, { 'content-type': 'text/plain' }).end(`${url.host} cannot be reached: ${error.message}.\n`)
  })
  response.once('close', () => sent.destroy())
  request.pipe(sent)
}
