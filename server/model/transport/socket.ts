/** Carries the calls of one client's WebSocket over a WebSocket of its own to the API, which keeps a conversation there. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { WebSocket } from 'ws'
import type { Call, Transport } from '../../api/call.ts'
import { ModelError } from '../../api/ending.ts'
import { type Headers, passedUp } from '../../api/headers.ts'
import { systemCode } from '../../base/errors.ts'
import { type Address, addressAt } from './address.ts'
import { carriedTo, missingKey } from './credential.ts'
import { type ProxyVariables, outside } from './dispatcher.ts'
import { proxyFor } from './proxy.ts'
import { type RouteSettings, type Routes, createRoutes } from './route.ts'
import { type Turn, createTurn } from './turn.ts'

/** With where calls go, and the keys for clients that bring none. */
export interface SocketTransportOptions extends RouteSettings {
  readonly env: ProxyVariables
  /** Asked for the addresses of a name; what goes by a proxy is left to that. */
  readonly lookup?: LookupFunction | undefined
  /** How large a message of the API may be. */
  readonly maxEventBytes: number
}

export interface SocketTransport {
  /** Carries one call at a time. */
  readonly transport: Transport
  /** The client is gone. A call that others wait for goes on to its end. */
  close(): void
}

/**
 * Makes the transport of one client connection. The WebSocket is opened for the first call, and opened anew for the next
 * one after it was closed: by the API, or because a call was given up, which the API cannot be told otherwise.
 *
 * @param headers those that the client opened its own connection with
 * @param credential the client's own key, if it brought one
 */
export function createSocketTransport(
  { env, lookup, maxEventBytes, ...settings }: SocketTransportOptions,
  headers: Headers,
  credential: string | undefined,
): SocketTransport {
  const routes = createRoutes(settings)
  const passed = passedUp(headers).filter(isPassed)
  let socket: WebSocket | undefined
  let turn: Turn | undefined
  let isLeft = false

  const open = (address: Address, sent: Headers): WebSocket => {
    const ws = connect(address, sent, { env, lookup, maxEventBytes })
    // What comes from a connection that was let go is nobody's.
    const forTurn = (act: (turn: Turn) => void) => {
      if (socket === ws && turn) act(turn)
    }
    follow(ws, { maxEventBytes, forTurn, over: () => forget(ws) })
    return ws
  }

  const forget = (ws: WebSocket) => {
    if (socket !== ws) return
    socket = undefined
    turn = undefined
  }

  const letGo = (ws: WebSocket) => {
    forget(ws)
    ws.terminate()
  }

  return {
    async transport(call, signal) {
      signal.throwIfAborted()
      if (turn) throw new Error('A WebSocket to the API carries one call at a time.')
      const { address, sent, service } = passageOf(call, { routes, headers: passed, credential })
      if (sent === undefined) return missingKey(call.api, service?.keys)
      const ws = socket?.readyState === WebSocket.OPEN ? socket : open(address(sent.query), sent.headers)
      socket = ws
      turn = createTurn(signal, {
        pause: () => ws.pause(),
        resume: () => ws.resume(),
        over(broken) {
          turn = undefined
          if (broken) letGo(ws)
          else if (isLeft) hangUp(ws)
        },
      })
      const send = () => ws.send(call.body, { binary: false })
      if (ws.readyState === WebSocket.OPEN) send()
      else ws.once('open', send)
      return { ...(await turn.answer), ownKey: sent.ownKey }
    },
    close() {
      isLeft = true
      if (!turn && socket) hangUp(socket)
    },
  }
}

function hangUp(ws: WebSocket): void {
  ws.close(1000)
  // The other side's close frame is not waited for: that would take a timer.
  ws.terminate()
}

/** What a client opened its own connection with. */
interface Opened {
  readonly routes: Routes
  readonly headers: Headers
  readonly credential: string | undefined
}

/**
 * Where a call goes and what it carries; without a key `sent` is undefined.
 *
 * @throws DeltatapeError `forbidden` if it may not go there
 */
function passageOf({ api, to: given, path, query }: Call, { routes, headers, credential }: Opened) {
  const to = given ?? routes.to({ row: api.name, path, headers })
  if (to.refusal) throw to.refusal
  const { service } = to
  const sent = carriedTo(service, { headers, query, credential }, routes.keyFor(service))
  return { service, sent, address: (its: string) => addressAt(to, { path, query: its }) }
}

interface Followed {
  readonly maxEventBytes: number
  readonly forTurn: (act: (turn: Turn) => void) => void
  /** Called once nothing more can come. */
  readonly over: () => void
}

/** What ws says of a message that is too large, or comes in too many pieces. */
const TOO_LARGE: ReadonlySet<string | undefined> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_TOO_MANY_BUFFERED_PARTS',
])

const tooLarge = (error: Error, maxBytes: number): Error =>
  TOO_LARGE.has(systemCode(error))
    ? new ModelError({ end: 'malformed', why: `an event of more than ${maxBytes} bytes (MAX_EVENT_BYTES)` })
    : error

/** Tells the turn under way what comes of its WebSocket. */
function follow(ws: WebSocket, { maxEventBytes, forTurn, over }: Followed): void {
  let broken: Error | undefined
  ws.on('unexpected-response', (_request, response) => {
    forTurn((its) => its.refused(response))
    over()
  })
  ws.on('message', (data) => forTurn((its) => its.take(String(data))))
  ws.on('error', (error) => {
    broken = error
    // Otherwise ws waits for the other side to close, by a timer of the process.
    ws.terminate()
  })
  ws.on('close', (code, reason) => {
    forTurn((its) => its.closed(code, String(reason), broken && tooLarge(broken, maxEventBytes)))
    over()
  })
}

/** In how many pieces one message may come: each takes memory of its own, however small it is. */
const MAX_PIECES = 256 * 1024

/** Opens a WebSocket to the API, which may send as many messages as it likes. Follows no redirect. */
const connect = (
  { origin, path }: Address,
  headers: Headers,
  { env, lookup, maxEventBytes }: Pick<SocketTransportOptions, 'env' | 'lookup' | 'maxEventBytes'>,
): WebSocket => {
  const proxy = proxyFor(env, origin)
  return new WebSocket(origin.replace(/^http/, 'ws') + path, {
    agent: agentFor(origin, proxy),
    // A proxy asks for itself, and may stand anywhere.
    ...(proxy === undefined && lookup !== undefined ? { lookup } : {}),
    headers: grouped(headers),
    perMessageDeflate: false,
    maxPayload: maxEventBytes,
    maxFragments: MAX_PIECES,
    maxBufferedChunks: MAX_PIECES,
  })
}

/** Headers of the upgrade, which ws makes anew for its own. */
const isPassed = ([name]: Headers[number]): boolean => !/^sec-websocket-/i.test(name)

/** Headers in the form that Node takes, with the values of a name that comes several times together. */
function grouped(headers: Headers): Record<string, string | string[]> {
  const names = new Map<string, string>()
  const values: Record<string, string[]> = {}
  for (const [name, value] of headers) {
    const first = names.get(name.toLowerCase()) ?? name
    names.set(first.toLowerCase(), first)
    ;(values[first] ??= []).push(value)
  }
  return values
}

/** What connects, by a proxy if there is one. */
function agentFor(origin: string, proxy: string | undefined): HttpAgent {
  const Agent = origin.startsWith('https:') ? HttpsAgent : HttpAgent
  const agent = new Agent(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } })
  const connectTo = agent.createConnection.bind(agent)
  // An application's mocks take what is sent in the context of a request for their own, and `ws` makes one.
  agent.createConnection = (options, made) =>
    outside(() => {
      const stream = connectTo(options, made)
      // A tunnel says itself when it is there.
      if (stream && proxy === undefined) made?.(null, stream)
      return stream
    })
  return agent
}
