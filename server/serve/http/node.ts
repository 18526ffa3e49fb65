/** Requests of `node:http` and `node:http2` → calls and everything else, and replies written to their connections. */
import { getRequestListener } from '@hono/node-server'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Http2ServerRequest, type Http2ServerResponse, constants } from 'node:http2'
import type { Writable } from 'node:stream'
import { type Headers, headerOf, inPairs } from '../../api/headers.ts'
import { any } from '../../api/any.ts'
import type { Clock } from '../../base/clock.ts'
import type { Account, Ledger } from '../../base/ledger.ts'
import { whoAnswers } from '../../base/version.ts'
import type { Config } from '../config.ts'
import { createDrain, meter } from '../drain.ts'
import { type Visitor, admit, authorize, credentialsIn } from '../guard.ts'
import { type Log, toldOf } from '../log.ts'
import type { Misses } from '../misses.ts'
import { NAME_HEADER, type Names, withoutName } from '../names.ts'
import { hostAsked, isCall, splitTarget } from '../target.ts'
import type { App } from './app.ts'
import { readBody } from './body.ts'
import { type Control, controlOf } from './control.ts'
import { crossOrigin } from './cors.ts'
import type { Exchanges } from './exchange.ts'
import { refuse } from './refusal.ts'
import { BrokenError, type Chunks, type Reply, readToTheEnd } from './reply.ts'
import { forShowing } from './showing.ts'

export interface ListenerOptions {
  readonly config: Config
  readonly app: App
  /** What of it is behind names, too. */
  readonly named: App
  readonly exchanges: Exchanges
  readonly names: Names
  readonly misses: Misses
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
}

type Request = IncomingMessage | Http2ServerRequest

type Response = ServerResponse | Http2ServerResponse

/** What the body of a response is written to. */
const lineOf = (response: Response): Writable => ('stream' in response ? response.stream : response)

/** Whether all of a response was written that is over. A stream of HTTP/2 that is closed counts as finished in any case. */
const isWhole = (response: Response): boolean =>
  'stream' in response ? !response.stream.aborted : response.writableFinished

/** The headers as they were sent, without what HTTP/2 has in place of a request line. */
const headersOf = (request: Request): Headers => {
  const headers = inPairs(request.rawHeaders)
  return 'stream' in request ? headers.filter(([name]) => !name.startsWith(':')) : headers
}

const listenerOf = ({ fetch }: App) => getRequestListener(fetch, { overrideGlobalObjects: false })

/** Lets in those who may come, by their `Host` and `Origin` as they were sent, and says who answers. */
export function createListener({ config, app, named, exchanges, names, misses, ledger, clock, log }: ListenerOptions) {
  const own = listenerOf(app)
  const behindNames = listenerOf(named)
  const replies = createReplies({ config, exchanges, names, clock, log })
  const ours: Headers = [['x-deltatape', whoAnswers(config)]]
  const together = createBurst(clock)

  /** What cannot be written, such as a header that HTTP does not know, is an error for its own client alone. */
  const send = async (reply: Reply, more: Headers, exchange: Exchange) => {
    const { response } = exchange
    try {
      await write(reply, more, exchange)
    } catch (error) {
      // No connection takes such a head: that of a fixture that was edited by hand.
      const told = toldOf(error, log)
      if (response.headersSent) breakOff(response)
      else await write(refuse(told, any), more, exchange)
      if (reply.body !== 'broken' && !('byteLength' in reply.body)) await readToTheEnd(reply.body)
    }
  }

  return (request: Request, response: Response): void => {
    const { method = 'GET', url: target = '/' } = request
    // As it was sent: several are none that is known.
    const visitor = visitorOf(request)
    const { origin } = visitor
    const split = splitTarget(target)
    const { name, path, flaw } = withoutName(split.path, request.headers[NAME_HEADER]?.toString() || undefined)
    const refusal = admit(visitor, config) ?? flaw
    const more = [...ours, ...crossOrigin(origin, config), ...forShowing(request.headers)]
    const account = ledger.open()
    lineOf(response).once('close', () => account.close())
    const exchange = { request, response, account, name }
    const control = name === undefined ? undefined : controlOf(method, path, { config, names, misses, clock })
    if (refusal) {
      log.warn(`a request was turned away: ${refusal.message}`, { endpoint: path, code: refusal.code })
      void send(refuse(refusal, any), more, exchange)
    } else if (name !== undefined && control) {
      void replies.control(control, { ...exchange, name }).then((reply) => send(reply, more, exchange))
    } else if (isCall(method, path, () => headersOf(request))) {
      void replies.call(exchange, path + split.search).then((reply) => together(() => void send(reply, more, exchange)))
    } else {
      for (const [header, value] of ours) response.setHeader(header, value)
      if (name === undefined) return void own(request, response)
      // What is behind a name does not know of it.
      request.url = path + split.search
      void behindNames(request, response)
    }
  }
}

/** Makes what answers calls, and what clients ask of their own names. */
function createReplies({
  config,
  exchanges,
  names,
  clock,
  log,
}: Omit<ListenerOptions, 'app' | 'named' | 'ledger' | 'misses'>) {
  /** @param target what the request asks for, without a name */
  const call = async ({ request, response, account, name }: Exchange, target: string): Promise<Reply> => {
    const { method = 'GET' } = request
    const line = lineOf(response)
    const onLeave = (leave: () => void) => {
      if (line.destroyed) leave()
      else line.once('close', () => (isWhole(response) ? undefined : leave()))
    }
    const headers = headersOf(request)
    try {
      // Of a stranger no body is kept in memory.
      if (config.authToken !== undefined) authorize(credentialsIn(headers), config)
      const body = await readBody(request, { maxBytes: config.maxBodyBytes, account }, clock)
      const caller = name === undefined ? undefined : names.caller(name)
      return await exchanges.answer({ method, target, caller, headers, body, account, onLeave })
    } catch (error) {
      return refuse(toldOf(error, log), any)
    }
  }

  const control = async (answer: Control, exchange: Exchange & { readonly name: string }): Promise<Reply> => {
    try {
      return await answer({ ...exchange, headers: headersOf(exchange.request) })
    } catch (error) {
      return refuse(toldOf(error, log), any)
    }
  }
  return { call, control }
}

/**
 * Does what is ready in one turn of the event loop in one go, at its end. A write wakes its reader, which costs as much
 * as the answer itself; several in a row wake it once.
 */
function createBurst(clock: Clock): (act: () => void) => void {
  let waiting: (() => void)[] = []
  const flush = () => {
    const ready = waiting
    waiting = []
    for (const act of ready) act()
  }
  return (act) => {
    if (waiting.length === 0) clock.soon(flush)
    waiting.push(act)
  }
}

/** Of several `Host` or `Origin` headers Node keeps the first; here they are joined, which no name of this server is. */
function visitorOf({ url = '/', rawHeaders, headers }: Request): Visitor {
  let host: string | undefined
  let authority: string | undefined
  let origin: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [rawHeaders[index], rawHeaders[index + 1]]
    if (name === ':authority') authority = value
    if (name.length === 4 && name.toLowerCase() === 'host') host = host === undefined ? value : `${host}, ${value}`
    if (name.length === 6 && name.toLowerCase() === 'origin') {
      origin = origin === undefined ? value : `${origin}, ${value}`
    }
  }
  // HTTP/2 has a name of its own for the host, and may have both.
  const named = authority === undefined || authority === host ? host : [host, authority].filter(Boolean).join(', ')
  return { host: hostAsked(url, named), origin, site: headers['sec-fetch-site']?.toString() }
}

/** Statuses whose responses have no body (RFC 9110, 6.4.1). */
const BODILESS = new Set([204, 205, 304])

/** A request and its response, the account of what is kept for them, and the name of the client if it gave one. */
interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly account: Account
  readonly name: string | undefined
}

/** Headers that HTTP/2 does not have (RFC 9113, 8.2.2). */
const OF_HTTP1 = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

function writeHead(response: Response, status: number, headers: Headers): void {
  if (!('stream' in response)) return void response.writeHead(status, headers.flat())
  response.writeHead(status, headers.filter(([name]) => !OF_HTTP1.has(name.toLowerCase())).flat())
}

/** Lets a client see that its answer broke. A stream of HTTP/2 that is only destroyed looks whole. */
function breakOff(response: Response): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}

async function write(reply: Reply, more: Headers, { request, response, account }: Exchange): Promise<void> {
  const { status, body } = reply
  if (body === 'broken') return breakOff(response)
  const line = lineOf(response)
  const headers = [...reply.headers, ...more]
  const bodiless = request.method === 'HEAD' || BODILESS.has(status)
  if (!('byteLength' in body)) {
    if (!line.destroyed) writeHead(response, status, headers)
    return stream(body, response, { bodiless, length: headerOf(headers, 'content-length') }, account)
  }
  const length = headers.some(([name]) => name.toLowerCase() === 'content-length')
  if (!length && !bodiless) headers.push(['content-length', String(body.byteLength)])
  writeHead(response, status, headers)
  line.end(bodiless ? undefined : body)
  meter(line, account)()
}

interface Promised {
  /** Whether no body is to be sent, whatever there is. */
  readonly bodiless: boolean
  /** How many bytes the head says that there are, if it does. */
  readonly length: string | undefined
}

async function stream(
  chunks: Chunks,
  response: Response,
  { bodiless, length }: Promised,
  account: Account,
): Promise<void> {
  const line = lineOf(response)
  // The client's patience counts until the head: it leaves at once.
  if (!line.destroyed && !('stream' in response)) response.flushHeaders()
  const drained = createDrain(line)
  const note = meter(line, account)
  let sent = 0
  try {
    for await (const chunk of chunks) {
      // Whoever has left is not written to, but the model may still have something to save.
      if (line.destroyed || line.writableEnded || bodiless) continue
      sent += chunk.byteLength
      const hasRoom = line.write(chunk)
      note()
      if (hasRoom) continue
      await drained()
      note()
    }
    // A client would wait for the rest, and take the next answer for it.
    if (!bodiless && length !== undefined && sent !== Number(length)) throw new BrokenError('The answer is too short.')
    line.end()
  } catch (error) {
    if (!(error instanceof BrokenError)) throw error
    // What was written is on its way first.
    if (!line.destroyed) await new Promise((resolve) => line.write('', resolve))
    breakOff(response)
  }
}
