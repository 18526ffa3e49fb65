/** One call over a WebSocket: the messages that answer it, as the server-sent events that they would be over HTTP. */
import type { IncomingMessage } from 'node:http'
import type { Incoming } from '../../api/call.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { parseObject } from '../../base/json.ts'
import { reset, unreachable } from './failure.ts'
import { bytesOf, createFeed } from './feed.ts'
import { inPairs } from '../../api/headers.ts'

/** The connection, for its turn. */
export interface Connection {
  pause(): void
  resume(): void
  /** The turn has ended; `broken` says whether the API is still answering it, so that no other can follow. */
  over(broken: boolean): void
}

export interface Turn {
  /** Resolves with the first message, or with the HTTP answer that refused the connection. */
  readonly answer: Promise<Incoming>
  /** A message came. */
  take(text: string): void
  /** The API answered over HTTP, instead of opening a connection. */
  refused(response: IncomingMessage): void
  /** The connection is gone, with a close code (RFC 6455, 7.4) and what the API says of it, or an error if it broke. */
  closed(code: number, reason: string, error?: Error): void
}

/** Events after which the API sends nothing more for a turn. */
const LAST: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** Close codes of a connection that was closed in good order: done, going away, and a close frame without a code. */
const CLEAN: ReadonlySet<number> = new Set([1000, 1001, 1005])

const HEADERS: Incoming['headers'] = [['content-type', 'text/event-stream; charset=utf-8']]

/** Makes the turn of a call that was sent, or is sent as soon as the connection is open. */
export function createTurn(signal: AbortSignal, connection: Connection): Turn {
  const { promise: answer, resolve, reject } = Promise.withResolvers<Incoming>()
  /** An error event came: the API may send `response.failed` after it, and owes nothing more. */
  let failed = false
  const feed = createFeed(signal, {
    ...connection,
    leave() {
      connection.over(!failed)
      reject(signal.reason)
    },
  })
  const begin = () => resolve({ status: 200, headers: HEADERS, body: feed.body })
  return {
    answer,
    take(text) {
      const message = parseObject(text)
      const type = typeof message?.type === 'string' ? message.type : ''
      begin()
      feed.push(Buffer.from(toSse(type, text)))
      failed ||= type === 'error'
      // An error with a status is that of a call that was refused.
      if (!LAST.has(type) && !(type === 'error' && typeof message?.status === 'number')) return
      feed.end()
      connection.over(false)
    },
    refused(response) {
      feed.end()
      resolve({
        status: response.statusCode ?? 0,
        headers: inPairs(response.rawHeaders),
        body: bytesOf(response, signal),
      })
    },
    closed(code, reason, error = brokenBy(code, reason)) {
      if (CLEAN.has(code)) {
        begin()
        return feed.end()
      }
      reject(error instanceof DeltatapeError ? error : unreachable(error))
      feed.fail(error instanceof DeltatapeError ? error : reset(error))
    },
  }
}

/** A message as a server-sent event: on one line, as JSON may have line breaks between its tokens only. */
function toSse(type: string, text: string): string {
  const name = type === '' || /[\r\n]/.test(type) ? '' : `event: ${type}\n`
  return `${name}data: ${text.replaceAll(/[\r\n]/g, '')}\n\n`
}

/** That of a connection without a close frame. */
const ABNORMAL = 1006

/** A close frame of the API says why, if in a few words. */
const brokenBy = (code: number, reason: string): Error =>
  code === ABNORMAL
    ? Object.assign(new Error('The WebSocket was closed without a close frame.'), { code: 'ECONNRESET' })
    : new Error(`closed with code ${code}${reason === '' ? '' : `, ${reason}`}`)
