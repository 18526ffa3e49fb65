/** What is answered over HTTP beside calls to APIs. */
import { type ErrorHandler, type Handler, Hono, type NotFoundHandler } from 'hono'
import { cors } from 'hono/cors'
import { any } from '../../api/any.ts'
import type { Headers } from '../../api/headers.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { isShort } from '../../base/name.ts'
import type { Config } from '../config.ts'
import { authorize, credentialsIn } from '../guard.ts'
import { type Log, toldOf } from '../log.ts'
import type { Exposition } from '../metrics/exposition.ts'
import type { Readiness } from '../readiness.ts'
import { access } from './access.ts'
import { crossOrigin } from './cors.ts'
import { refuse } from './refusal.ts'
import type { Env } from './room.ts'

export interface App {
  fetch(request: Request, env: Env['Bindings']): Response | Promise<Response>
}

export interface AppOptions {
  readonly config: Config
  readonly log: Log
  /** Loads the page, if there is one: most servers are never asked for it. */
  readonly page?: (() => Promise<Hono<Env>>) | undefined
  /** Whether turns can be answered now. */
  readonly ready: Readiness
  /** What is counted, as text; absent behind names, and if nothing is. */
  readonly exposed?: (() => Promise<Exposition>) | undefined
}

/** Where the page and its data are. */
const OF_PAGE = ['/', '/assets/*', '/page/*']

export function createApp({ config, log, page, ready, exposed }: AppOptions): App {
  const app = new Hono<Env>()
  const edges = edgesFor(log)
  app.notFound(edges.notFound).onError(edges.onError)
  // First: pages of other origins never read it, whichever are allowed.
  if (page) {
    let loaded: Promise<Hono<Env>> | undefined
    const answer: Handler<Env> = async (c) => {
      loaded ??= page().then((each) => each.notFound(edges.notFound).onError(edges.onError))
      return (await loaded).fetch(c.req.raw, c.env)
    }
    for (const path of OF_PAGE) app.all(path, answer)
  }
  if (exposed) {
    app.get('/metrics', access(config, 'What is counted here is told to no page of another origin.'), async (c) => {
      const { type, text } = await exposed()
      return c.body(text, 200, { 'content-type': type, 'cache-control': 'no-store' })
    })
  }
  app.use(async (c, next) => {
    await next()
    for (const [name, value] of crossOrigin(c.req.header('origin'), config)) c.res.headers.set(name, value)
  })
  const preflight = cors({ origin: [...config.allowedOrigins] })
  app.options('*', (c, next) =>
    config.allowedOrigins.includes(c.req.header('origin') ?? '') ? preflight(c, next) : next(),
  )

  app.get('/health', (c) => c.json({ status: 'ok' }))

  app.get('/ready', async (c) => {
    const problem = await ready()
    c.header('cache-control', 'no-store')
    if (!problem) return c.json({ status: 'ok' })
    const { code, message } = problem
    const error = mayKnow([...c.req.raw.headers], config) ? { code, message } : { code }
    return c.json({ status: 'unavailable', error }, 503)
  })

  app.on('GET', ['/ws', '/ws-stream'], () => {
    throw new DeltatapeError('upgrade_required', 'This is a WebSocket endpoint: connect to it with ws://.')
  })

  return { fetch: (request, env) => app.fetch(request, env) }
}

/** Whether a visitor brings the token, where one is asked for. Why the store is away names places that are nobody else's business. */
function mayKnow(headers: Headers, config: Config): boolean {
  try {
    authorize(credentialsIn(headers), config)
    return true
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
    return false
  }
}

/** What is said of what is not there, and of what failed. */
function edgesFor(log: Log): { readonly notFound: NotFoundHandler; readonly onError: ErrorHandler } {
  return {
    notFound(c) {
      const asked = isShort(c.req.path) ? `${c.req.method} ${c.req.path}` : 'such a path'
      throw new DeltatapeError(
        'not_found',
        `There is no ${asked} here. There are the paths of the APIs that are known (POST /v1/responses, /v1/messages, /api/chat, …), those of others behind their host (/api.example.com/…), GET /health, /ready and /metrics, and the WebSockets /ws, /ws-stream and /v1/responses.`,
      )
    },
    onError(error) {
      const { status, headers, body } = refuse(toldOf(error, log), any)
      return new Response('string' === typeof body || !('byteLength' in body) ? null : body, {
        status,
        headers: headers.map(([name, value]) => [name, value] as [string, string]),
      })
    },
  }
}
