/** What is asked → a call. Programs ask the same again and again: what follows from its bytes is found out once. */
import { LRUCache } from 'lru-cache'
import type { Asked as Seen } from '../../api/api.ts'
import type { Call, Caller } from '../../api/call.ts'
import { type Headers, headerOf } from '../../api/headers.ts'
import { apiOf } from '../../api/index.ts'
import type { Account } from '../../base/ledger.ts'
import { createRoutes, withoutHost } from '../../model/transport/route.ts'
import type { Redactor } from '../../redact/redactor.ts'
import type { Config } from '../config.ts'
import { authorize, credentialsIn, queryWithoutToken, withoutToken } from '../guard.ts'
import { splitTarget, withoutManner } from '../target.ts'
import { decodeBody } from './body.ts'
import { type Subject, subjectOf } from './observe.ts'

/** A call as it came over HTTP. */
export interface Asked {
  readonly method: string
  /** The path and the query. */
  readonly target: string
  /** Who calls, if the client names itself. */
  readonly caller?: Caller | undefined
  /** This server's host, as the client names it. */
  readonly host?: string | undefined
  /** The origin of the address that was called, if the whole address is known. */
  readonly origin?: string
  readonly headers: Headers
  /** What no other method, target and headers have that came this way; absent if it is not known whether they come again. */
  readonly head?: number | undefined
  readonly body: Uint8Array
  /** What is kept of the call is charged here, until its answer is over. */
  readonly account: Account
  /** Calls `leave` when the client is gone, or was gone already. */
  readonly onLeave: (leave: () => void) => void
}

/** A call that was read. Nothing in it is of one moment; the name of the client is a part of its head. */
export interface Read {
  readonly call: Omit<Call, 'caller' | 'account'>
  /** The host that the client named. */
  readonly named: string | undefined
  readonly subject: Subject
}

export interface Reading {
  /** A call that came before, with these very bytes, and was let in. */
  known(asked: Asked): Read | undefined
  /** @throws DeltatapeError for a call that is not let in, or cannot be read */
  anew(asked: Asked): Promise<Read>
  /** Whether an address may be called through this server. */
  mayCall(address: URL): boolean
}

/** How long the calls may be, together, that are remembered: those of 10,000 short ones. In bytes of their bodies. */
const KNOWN_BYTES = 3 * 1024 * 1024

/** And how long one alone. */
const MAX_KNOWN_BYTES = 64 * 1024

export function createReading(config: Config, redactor: Redactor): Reading {
  const known = new LRUCache<string, Read>({ maxSize: KNOWN_BYTES })
  const routes = createRoutes(config)
  return {
    known: (asked) => known.get(textOf(asked)),
    mayCall({ host, pathname: path }) {
      const asked = { method: 'GET', path, headers: [], content: NOTHING }
      return routes.to({ row: apiOf(asked).name, path, headers: [] }, host).refusal === undefined
    },
    async anew(asked) {
      const { method, headers, caller, body, account, origin } = asked
      const { path, search, named } = placeOf(asked)
      const { apiKey } = authorize(credentialsIn(headers), config)
      const { manner, query } = withoutManner(search, (name) => headerOf(headers, name))
      const content = await decodeBody(body, headerOf(headers, 'content-encoding'), {
        maxBytes: config.maxBodyBytes,
        account,
      })
      const api = apiOf({ method, path, headers, content })
      const call = {
        api,
        method,
        path,
        query: queryWithoutToken(query, config.authToken),
        headers: withoutToken(headers, apiKey, config.authToken),
        to: routes.to({ row: api.name, path, headers }, named),
        body,
        content,
        credential: apiKey,
        ...manner,
      }
      const read = {
        call,
        named: origin === undefined ? named : undefined,
        subject: subjectOf({ ...call, caller }, redactor),
      }
      const text = textOf(asked)
      const size = text.length + content.byteLength
      if (text === '' || size > MAX_KNOWN_BYTES) return read
      const [own, plain] = [Uint8Array.from(body), content === body]
      known.set(
        text,
        { ...read, call: { ...call, body: own, content: plain ? own : Uint8Array.from(content) } },
        { size },
      )
      return read
    },
  }
}

const NOTHING = new Uint8Array()

/** The address of this server as a client calls it; undefined if it named the address of the API, or says no host. */
export const addressOf = ({ host, caller }: Asked): string | undefined =>
  host && `http://${host}${caller === undefined ? '' : `/@${caller.name}`}`

/** What tells a call from all others; empty if it is not known to come again, or too long. */
function textOf({ head, body: { buffer, byteOffset, byteLength } }: Asked): string {
  if (head === undefined || byteLength > MAX_KNOWN_BYTES) return ''
  return `${head}\n${Buffer.from(buffer, byteOffset, byteLength).toString('latin1')}`
}

/** What is asked: the path without the host in front of it, and the host that the client names in one way or another. */
interface Place {
  readonly path: string
  readonly search: string
  readonly named?: string
}

function placeOf({ target, origin }: Pick<Asked, 'target' | 'origin'>): Place {
  const { path, search } = splitTarget(target)
  return { search, ...(origin === undefined ? withoutHost(path) : { path, named: origin }) }
}

/** As much as is known of a call that was not read. */
export function unreadFrom(asked: Asked): Seen {
  const { path, search } = placeOf(asked)
  return { ...asked, path, query: search, content: asked.body }
}
