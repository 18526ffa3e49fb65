/** What is spoken over HTTP. */
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { parseBody } from '../../api/responses/body.ts'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { identity } from '../../base/version.ts'
import type { Config } from '../../config.ts'
import type { Model } from '../../model/model.ts'
import type { Redactor } from '../../redact/redactor.ts'
import type { Store } from '../../store/store.ts'
import { admit } from '../guard.ts'
import type { Journal } from '../journal.ts'
import type { Log } from '../log.ts'
import { keyOf } from '../visit.ts'
import { type Body, type Exchanges, createExchanges } from './exchange.ts'
import { refuse } from './refusal.ts'

export interface AppOptions {
  readonly config: Config
  readonly store: Store
  readonly model: Model
  readonly redactor: Redactor
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
}

/** What a server offers beside a request; nothing in process. */
interface Bindings {
  readonly takeBody?: (body: Body) => void
}

/** A request → its answer. */
type Answer = (request: Request, bindings?: Bindings) => Response | Promise<Response>

export interface App extends Pick<Exchanges, 'drain' | 'stop'> {
  readonly answer: Answer
}

/** Makes the HTTP application, without the rules of {@link guarded}: in process nobody comes from elsewhere. */
export function createApp(options: AppOptions): App {
  const { config, store, log } = options
  const exchanges = createExchanges({ ...options, maxOpen: config.maxConnections })
  const app = new Hono<{ Bindings: Bindings }>()

  const allow = cors({ origin: [...config.allowedOrigins], exposeHeaders: EXPOSED_HEADERS })
  app.use((c, next) => (config.allowedOrigins.includes(c.req.header('origin') ?? '') ? allow(c, next) : next()))

  app.get('/health', (c) => c.json({ status: 'ok' }))

  app.get('/v1/models', async (c) => {
    keyOf(c, config)
    const data = (await store.models()).map((id) => ({ id, object: 'model', created: 0, owned_by: 'deltatape' }))
    return c.json({ object: 'list', data })
  })

  app.post('/v1/responses', async (c) => {
    const apiKey = keyOf(c, config)
    if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? '')) {
      throw new DeltatapeError(
        'unsupported_media_type',
        'The body has to be application/json, and the content-type has to say so.',
      )
    }
    const body = parseBody(await textOf(c.req.raw, config.maxInputBytes))
    const fault = c.req.query('fault') || c.req.header('x-deltatape-fault') || undefined
    return exchanges.answer({ body, apiKey, fault, signal: c.req.raw.signal, takeBody: c.env?.takeBody })
  })

  app.on('GET', ['/ws', '/ws-stream'], () => {
    throw new DeltatapeError('upgrade_required', 'This is a WebSocket endpoint: connect to it with ws://.')
  })

  app.notFound((c) => {
    throw new DeltatapeError(
      'not_found',
      `There is no ${c.req.method} ${c.req.path} here. There are POST /v1/responses, GET /v1/models, GET /health, and the WebSockets /ws, /ws-stream and /v1/responses.`,
    )
  })

  app.onError((error) => {
    if (error instanceof DeltatapeError) return refuse(error)
    log.error('a request failed unexpectedly', { error })
    return refuse(new DeltatapeError('internal', 'Something went wrong in deltatape itself; its log says what.'))
  })

  return { answer: (request, bindings) => app.fetch(request, bindings), drain: exchanges.drain, stop: exchanges.stop }
}

/** Lets in those who may come, by their `Host` and `Origin` as they were sent, and says who answers. */
export function guarded(answer: Answer, config: Config): Answer {
  return async (request, bindings) => {
    const [host, origin] = [request.headers.get('host') ?? undefined, request.headers.get('origin') ?? undefined]
    const refusal = admit({ host, origin }, config)
    const response = refusal ? refuse(refusal) : await answer(request, bindings)
    response.headers.set('x-deltatape', identity(config))
    return response
  }
}

/** What pages of an allowed origin may read of a response. */
const EXPOSED_HEADERS = ['retry-after', 'retry-after-ms', 'x-should-retry', 'x-request-id', 'x-deltatape-fixture']

/**
 * The text of a body of at most `maxBytes`: one of a declared size is let in or not by that, another is counted as it
 * comes.
 *
 * @throws DeltatapeError `too_large`, or `invalid_input` where the client hung up in the middle
 */
async function textOf(request: Request, maxBytes: number): Promise<string> {
  const declared = request.headers.get('content-length')
  const isDeclared = declared !== null && !request.headers.has('transfer-encoding')
  if (isDeclared && Number(declared) > maxBytes) throw tooLarge(maxBytes)
  try {
    if (isDeclared) return await request.text()
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
    return new TextDecoder().decode(Buffer.concat(chunks))
  } catch (error) {
    if (error instanceof DeltatapeError || !request.signal.aborted) throw error
    throw new DeltatapeError('invalid_input', 'The body broke off before its end.', { cause: error })
  }
}

const tooLarge = (maxBytes: number) =>
  new DeltatapeError('too_large', `The body is larger than MAX_INPUT_BYTES allows: ${maxBytes} bytes.`)
