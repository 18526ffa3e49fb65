/** Calls to APIs over HTTP: a call → the model's answer → a reply. */
import type { Asked as Seen } from '../../api/api.ts'
import type { Call, Caller } from '../../api/call.ts'
import { type Headers, headerOf } from '../../api/headers.ts'
import { apiOf } from '../../api/index.ts'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError, shuttingDown } from '../../base/errors.ts'
import type { Account } from '../../base/ledger.ts'
import type { Config } from '../config.ts'
import { type Model, actionOf } from '../../model/model.ts'
import { behindHost } from '../../model/transport/redirect.ts'
import { type Routes, createRoutes, withoutHost } from '../../model/transport/route.ts'
import type { Redactor } from '../../redact/redactor.ts'
import { authorize, credentialsIn, queryWithoutToken, withoutToken } from '../guard.ts'
import type { Journal } from '../journal.ts'
import { type Log, toldOf } from '../log.ts'
import { splitTarget, withoutManner } from '../target.ts'
import { decodeBody } from './body.ts'
import { createEncoder, replyTo } from './encode.ts'
import { createHearing } from '../hearing.ts'
import { createGlance, observe } from './observe.ts'
import { refuse } from './refusal.ts'
import type { Reply } from './reply.ts'

export interface ExchangesOptions {
  readonly config: Config
  readonly model: Model
  readonly redactor: Redactor
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
}

/** A call as it came over HTTP. */
export interface Asked {
  readonly method: string
  /** The path and the query. */
  readonly target: string
  /** Who calls, if the client names itself. */
  readonly caller?: Caller | undefined
  /** The origin of the address that was called, if the whole address is known. */
  readonly origin?: string
  readonly headers: Headers
  readonly body: Uint8Array
  /** What is kept of the call is charged here, until its answer is over. */
  readonly account: Account
  /** Calls `leave` when the client is gone, or was gone already. */
  readonly onLeave: (leave: () => void) => void
}

export interface Exchanges {
  /** Answers a call. Never rejects for what a client or an API did. */
  answer(asked: Asked): Promise<Reply>
  /** Takes no new calls; resolves when those that there are have ended. */
  drain(): Promise<void>
  /** Ends those that run with this error. */
  stop(error: DeltatapeError): void
}

const LEFT = new DeltatapeError('cancelled', 'The client left.')

export function createExchanges(options: ExchangesOptions): Exchanges {
  const { config, model, log } = options
  const glance = createGlance()
  const hearing = createHearing()
  const encode = createEncoder()
  const routes = createRoutes(config)
  const open = new Set<AbortController>()
  let draining: PromiseWithResolvers<void> | undefined

  const admit = () => {
    if (draining) throw shuttingDown()
    if (open.size < config.maxConnections) return
    throw new DeltatapeError('busy', `${open.size} calls are being answered, the most that MAX_CONNECTIONS allows.`)
  }

  const ask = async (asked: Asked, call: Call, named: string | undefined): Promise<Reply> => {
    const abort = new AbortController()
    open.add(abort)
    asked.onLeave(() => abort.abort(LEFT))
    const observed = observe(call, { ...options, glance, hearing }, () => {
      open.delete(abort)
      if (open.size === 0) draining?.resolve()
    })
    try {
      const reply = replyTo(await model(call, abort.signal), { call, observed, encode })
      return named === undefined || asked.origin !== undefined ? reply : ledBehind(reply, { named, path: call.path })
    } catch (error) {
      observed.failed(error)
      observed.ended(actionOf(error))
      throw error
    }
  }

  return {
    async answer(asked) {
      const place = placeOf(asked)
      // Whose call it is may show once its body is read.
      let seen: Seen = { ...asked, path: place.path, query: place.search, content: asked.body }
      try {
        admit()
        const call = await callOf(asked, place, { config, routes })
        seen = call
        return await ask(asked, call, place.named)
      } catch (error) {
        const told = toldOf(error, log)
        return told.code === 'dropped' ? { status: 200, headers: [], body: 'broken' } : refuse(told, apiOf(seen), seen)
      }
    },
    async drain() {
      draining ??= Promise.withResolvers()
      if (open.size === 0) draining.resolve()
      await draining.promise
    },
    stop(error) {
      for (const abort of open) abort.abort(error)
    },
  }
}

/** The reply with a location that its client, who named the host in front of the path, reads as the API means it. */
const ledBehind = (reply: Reply, place: { readonly named: string; readonly path: string }): Reply =>
  reply.status < 300 || reply.status > 399
    ? reply
    : {
        ...reply,
        headers: reply.headers.map(([name, value]) =>
          name.toLowerCase() === 'location' ? [name, behindHost(value, place)] : [name, value],
        ),
      }

/** What is asked: the path without the host in front of it, and the host that the client names in one way or another. */
interface Place {
  readonly path: string
  readonly search: string
  readonly named?: string
}

function placeOf({ target, origin }: Asked): Place {
  const { path, search } = splitTarget(target)
  return { search, ...(origin === undefined ? withoutHost(path) : { path, named: origin }) }
}

/** @throws DeltatapeError for a call that is not let in, or cannot be read */
async function callOf(
  { method, caller, headers, body, account }: Asked,
  { path, search, named }: Place,
  { config, routes }: { readonly config: Config; readonly routes: Routes },
): Promise<Call> {
  const { apiKey } = authorize(credentialsIn(headers), config)
  const { manner, query } = withoutManner(search, (name) => headerOf(headers, name))
  const content = await decodeBody(body, headerOf(headers, 'content-encoding'), {
    maxBytes: config.maxBodyBytes,
    account,
  })
  const api = apiOf({ method, path, headers, content })
  return {
    api,
    method,
    path,
    query: queryWithoutToken(query, config.authToken),
    headers: withoutToken(headers, apiKey, config.authToken),
    to: routes.to({ row: api.name, path, headers }, named),
    body,
    content,
    credential: apiKey,
    caller,
    account,
    ...manner,
  }
}
