/** Requests of `node:http` and `node:http2` → calls and everything else, and replies written to their connections. */
import { getRequestListener } from '@hono/node-server'
import type { ServerResponse } from 'node:http'
import { type Http2ServerResponse, constants } from 'node:http2'
import type { Writable } from 'node:stream'
import { type Headers, headerOf } from '../../api/headers.ts'
import { any } from '../../api/any.ts'
import type { Clock } from '../../base/clock.ts'
import type { Account, Ledger } from '../../base/ledger.ts'
import type { Config } from '../config.ts'
import { createDrain, meter } from '../drain.ts'
import { authorize, credentialsIn } from '../guard.ts'
import { type Log, toldOf } from '../log.ts'
import type { Misses } from '../misses.ts'
import type { Names } from '../names.ts'
import type { App } from './app.ts'
import { readBody } from './body.ts'
import { type Control, controlOf } from './control.ts'
import type { Exchanges } from './exchange.ts'
import { type Request, type RequestHead, createHeads } from './head.ts'
import { refuse } from './refusal.ts'
import { BrokenError, type Chunks, type Reply, readToTheEnd } from './reply.ts'

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

type Response = ServerResponse | Http2ServerResponse

/** What the body of a response is written to. */
const lineOf = (response: Response): Writable => ('stream' in response ? response.stream : response)

/** Whether all of a response was written that is over. A stream of HTTP/2 that is closed counts as finished in any case. */
const isWhole = (response: Response): boolean =>
  'stream' in response ? !response.stream.aborted : response.writableFinished

/** Answers what is no call. What its client has not read is charged to the account, too. */
const answerBy = ({ fetch }: App, { request, response, account }: Exchange): void =>
  void getRequestListener((asked) => fetch(asked, { account }), { overrideGlobalObjects: false })(request, response)

/** Answers requests, or says why they are not let in. */
export function createListener({ config, app, named, exchanges, names, misses, ledger, clock, log }: ListenerOptions) {
  const readHead = createHeads(config)
  const replies = createReplies({ config, exchanges, names, clock, log })
  /** What cannot be written, such as a header that HTTP does not know, is an error for its own client alone. */
  const recover = async (error: unknown, reply: Reply, exchange: Exchange) => {
    // No connection takes such a head: that of a fixture that was edited by hand.
    const told = toldOf(error, log)
    if (exchange.response.headersSent) breakOff(exchange.response)
    else await write(refuse(told, any), exchange)
    if (reply.body !== 'broken' && !('byteLength' in reply.body)) await readToTheEnd(reply.body)
  }
  const send = (reply: Reply, exchange: Exchange): void => {
    try {
      write(reply, exchange)?.catch((error: unknown) => recover(error, reply, exchange))
    } catch (error) {
      void recover(error, reply, exchange)
    }
  }
  const together = createBurst(clock, send)

  return (request: Request, response: Response): void => {
    const head = readHead(request)
    const { method, name, path, target, refusal, more } = head
    const exchange = opened(request, response, head, ledger.open())
    const control = name === undefined ? undefined : controlOf(method, path, { config, names, misses, clock })
    if (refusal) {
      log.warn(`a request was turned away: ${refusal.message}`, { endpoint: path, code: refusal.code })
      send(refuse(refusal, any), exchange)
    } else if (name !== undefined && control) {
      void replies.control(control, exchange, name).then((reply) => send(reply, exchange))
    } else if (head.isCall) {
      void replies.call(exchange).then((reply) => together(reply, exchange))
    } else {
      for (const [header, value] of more.slice(0, 1)) response.setHeader(header, value)
      if (name === undefined) return answerBy(app, exchange)
      // What is behind a name does not know of it.
      request.url = target
      answerBy(named, exchange)
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
  const call = async (exchange: Exchange): Promise<Reply> => {
    const { request, response, account, head } = exchange
    const { method, host, name, target, headers, number } = head
    const onLeave = (leave: () => void) => {
      if (lineOf(response).destroyed) leave()
      else exchange.leave = leave
    }
    try {
      // Of a stranger no body is kept in memory.
      if (config.authToken !== undefined) authorize(credentialsIn(headers), config)
      const body = await readBody(request, { maxBytes: config.maxBodyBytes, account }, clock)
      const caller = name === undefined ? undefined : names.caller(name)
      return await exchanges.answer({
        method,
        target,
        caller,
        host,
        headers,
        head: number,
        body,
        account,
        onLeave,
      })
    } catch (error) {
      return refuse(toldOf(error, log), any)
    }
  }

  const control = async (answer: Control, { request, account, head }: Exchange, name: string): Promise<Reply> => {
    try {
      return await answer({ request, account, name, headers: head.headers })
    } catch (error) {
      return refuse(toldOf(error, log), any)
    }
  }
  return { call, control }
}

/**
 * Makes what sends all replies that are ready in one turn of the event loop in one go, at its end. A write wakes its reader, which costs as much
 * as the answer itself; several in a row wake it once.
 */
function createBurst(clock: Clock, send: (reply: Reply, exchange: Exchange) => void) {
  let waiting: { readonly reply: Reply; readonly exchange: Exchange }[] = []
  const flush = () => {
    const ready = waiting
    waiting = []
    for (const { reply, exchange } of ready) send(reply, exchange)
  }
  return (reply: Reply, exchange: Exchange): void => {
    if (waiting.length === 0) clock.soon(flush)
    waiting.push({ reply, exchange })
  }
}

/** Statuses whose responses have no body (RFC 9110, 6.4.1). */
const BODILESS = new Set([204, 205, 304])

/** A request and its response, and the account of what is kept for them. */
interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly head: RequestHead
  readonly account: Account
  /** What is called if the client leaves before it has the whole response. */
  leave: (() => void) | undefined
}

/** What is kept for an exchange is let go of with its connection. */
function opened(request: Request, response: Response, head: RequestHead, account: Account): Exchange {
  const exchange: Exchange = { request, response, head, account, leave: undefined }
  lineOf(response).on('close', () => {
    account.close()
    if (exchange.leave && !isWhole(response)) exchange.leave()
  })
  return exchange
}

/** Headers that HTTP/2 does not have (RFC 9113, 8.2.2). */
const OF_HTTP1 = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** @param length of the body in bytes, to be said if the headers do not say it */
function writeHead(response: Response, { status, headers }: Reply, more: Headers, length?: number): void {
  const all: string[] = []
  let says = length === undefined
  for (const list of [headers, more]) {
    for (const [name, value] of list) {
      if ('stream' in response && OF_HTTP1.has(name.toLowerCase())) continue
      says ||= isLength(name)
      all.push(name, value)
    }
  }
  if (!says) all.push('content-length', String(length))
  if ('stream' in response) response.writeHead(status, all)
  else response.writeHead(status, all)
}

const isLength = (name: string): boolean => name.length === 14 && name.toLowerCase() === 'content-length'

/** Lets a client see that its answer broke. A stream of HTTP/2 that is only destroyed looks whole. */
function breakOff(response: Response): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}

/** Gives a promise if it takes longer. */
function write(reply: Reply, { request, response, head, account }: Exchange): Promise<void> | undefined {
  const { status, body } = reply
  if (body === 'broken') return void breakOff(response)
  const line = lineOf(response)
  const bodiless = request.method === 'HEAD' || BODILESS.has(status)
  if (!('byteLength' in body)) {
    if (!line.destroyed) writeHead(response, reply, head.more)
    return stream(body, response, { bodiless, length: headerOf(reply.headers, 'content-length') }, account)
  }
  writeHead(response, reply, head.more, bodiless ? undefined : body.byteLength)
  line.end(bodiless ? undefined : body)
  if (line.writableLength > 0) meter(line, account)()
  return undefined
}

const NOTHING = Buffer.alloc(0)

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
  // The client's patience counts until the head: it leaves at once. Node would flush it as UTF-8, where headers are Latin-1.
  if (!line.destroyed && !bodiless && !('stream' in response)) response.write(NOTHING)
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
