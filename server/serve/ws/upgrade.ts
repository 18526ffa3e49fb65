/** A request for an upgrade: what it says, and how it is answered over HTTP if it is refused. */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { apiError } from '../../api/error.ts'
import type { Manner } from '../../api/call.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { withoutHost } from '../../model/transport/route.ts'
import { NAME_HEADER, type Named, withoutName } from '../names.ts'
import { hostAsked, splitTarget, withoutManner } from '../target.ts'
import { tokenIn } from './protocols.ts'

/** What a client says when it connects: its name if it gives one, and the path without that and without a host. */
export interface Visit extends Named {
  /** The host that the client names in front of the path. */
  readonly named?: string | undefined
  /** The query with its `?`, or the empty text, without deltatape's own parameters. */
  readonly query: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly site: string | undefined
  readonly authorization: string | undefined
  readonly token: string | undefined
  /** How it wants all its turns to be answered. */
  readonly manner: Manner
}

export function visitOf({ url: target = '/', headers, headersDistinct }: IncomingMessage): Visit {
  const { path, search } = splitTarget(target)
  const behindName = withoutName(path, headers[NAME_HEADER]?.toString() || undefined)
  const { manner, query } = withoutManner(search, (name) => headers[name]?.toString())
  // As over HTTP: a client that sends several has none that is known.
  const [host, origin] = ['host', 'origin'].map((name) => headersDistinct[name]?.join(', '))
  return {
    ...behindName,
    ...withoutHost(behindName.path),
    query,
    host: hostAsked(target, host),
    origin,
    site: headers['sec-fetch-site']?.toString(),
    authorization: headers.authorization,
    token: headers['x-deltatape-token']?.toString() ?? tokenIn(headers['sec-websocket-protocol']),
    manner,
  }
}

/** Answers an upgrade that is refused as the HTTP request that it is, and closes the connection. */
export function answerOverHttp(socket: Socket, error: DeltatapeError, header: string): void {
  const { status, error: told } = apiError(error)
  const body = JSON.stringify({ error: told })
  // A client may keep its own side open for ever.
  socket.once('finish', () => socket.destroy())
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      header,
      ...(error.code === 'busy' ? ['retry-after: 1'] : []),
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
