/** What is answered over HTTP beside calls to APIs. */
import { type ErrorHandler, type Handler, Hono, type NotFoundHandler } from 'hono'
import { cors } from 'hono/cors'
import { any } from '../../api/any.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { isShort } from '../../base/name.ts'
import type { Config } from '../config.ts'
import { crossOrigin } from './cors.ts'
import { type Log, toldOf } from '../log.ts'
import { refuse } from './refusal.ts'

export interface App {
  fetch(request: Request): Response | Promise<Response>
}

export interface AppOptions {
  readonly config: Config
  readonly log: Log
  /** Loads the page, if there is one: most servers are never asked for it. */
  readonly page?: (() => Promise<Hono>) | undefined
}

/** Where the page and its data are. */
const OF_PAGE = ['/', '/assets/*', '/page/*']

export function createApp({ config, log, page }: AppOptions): App {
  const app = new Hono()
  const edges = edgesFor(log)
  app.notFound(edges.notFound).onError(edges.onError)
  // First: pages of other origins never read it, whichever are allowed.
  if (page) {
    let loaded: Promise<Hono> | undefined
    const answer: Handler = async (c) => {
      loaded ??= page().then((each) => each.notFound(edges.notFound).onError(edges.onError))
      return (await loaded).fetch(c.req.raw)
    }
    for (const path of OF_PAGE) app.all(path, answer)
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

  app.on('GET', ['/ws', '/ws-stream'], () => {
    throw new DeltatapeError('upgrade_required', 'This is a WebSocket endpoint: connect to it with ws://.')
  })

  return { fetch: (request) => app.fetch(request) }
}

/** What is said of what is not there, and of what failed. */
function edgesFor(log: Log): { readonly notFound: NotFoundHandler; readonly onError: ErrorHandler } {
  return {
    notFound(c) {
      const asked = isShort(c.req.path) ? `${c.req.method} ${c.req.path}` : 'such a path'
      throw new DeltatapeError(
        'not_found',
        `There is no ${asked} here. There are the paths of the APIs that are known (POST /v1/responses, /v1/messages, /api/chat, …), those of others behind their host (/api.example.com/…), GET /health, and the WebSockets /ws, /ws-stream and /v1/responses.`,
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
