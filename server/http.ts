/** What is spoken over HTTP. */
import { Hono, type Context } from 'hono'
import type { Config } from './config.ts'
import { DeltatapeError, edgesOf } from './errors.ts'
import { admit } from './guard.ts'
import type { Log } from './log.ts'
import { VERSION } from './version.ts'

export interface AppOptions {
  readonly config: Config
  readonly log: Log
}

/** Makes the HTTP application, a function from a Request to a Response. */
export function createApp({ config, log }: AppOptions): Hono {
  const app = new Hono()

  app.use(async (c, next) => {
    c.header('x-deltatape', identity(config))
    const refusal = admit({ host: c.req.header('host'), origin: c.req.header('origin') }, config)
    if (refusal) throw refusal
    await next()
  })

  app.get('/health', (c) => c.json({ status: 'ok' }))

  app.get('/ws', upgradeRequired).get('/ws-stream', upgradeRequired)

  app.notFound(({ req }) => {
    throw new DeltatapeError(
      'not_found',
      `There is no ${req.method} ${req.path} here. There are GET /health, and the WebSockets /ws and /ws-stream.`,
    )
  })

  app.onError((error, c) => {
    if (error instanceof DeltatapeError) return respond(c, error)
    log.error('a request failed unexpectedly', { error })
    return respond(c, new DeltatapeError('internal', 'Something went wrong in deltatape itself; its log says what.'))
  })

  return app
}

/** What the header `x-deltatape` says: which version answers, in which mode. */
export const identity = ({ mode }: Config): string => `${VERSION} ${mode}`

const upgradeRequired = () => {
  throw new DeltatapeError('upgrade_required', 'This is a WebSocket endpoint: connect to it with ws://.')
}

/** An error in the shape of the API's own. */
export const errorBody = ({ code, message }: DeltatapeError) => ({
  error: { message, type: 'deltatape_error', param: null, code },
})

function respond(c: Context, error: DeltatapeError): Response {
  if (error.code === 'upgrade_required') c.header('upgrade', 'websocket')
  return c.json(errorBody(error), edgesOf(error.code).http ?? 500)
}
