/** The page over HTTP: its files, which hold no data, and its data for nobody but itself. */
import { Hono, type MiddlewareHandler } from 'hono'
import { etag } from 'hono/etag'
import { access } from '../http/access.ts'
import { createOrder } from '../../base/shared.ts'
import type { Env } from '../http/room.ts'
import { type PageSources, createPageApi } from './api.ts'
import { createPageFiles } from './assets.ts'
import { createComparing } from './compare.ts'
import { exportPage } from './export.ts'
import { type SourcesOptions, createSources } from './sources.ts'

/** What the page may do: nothing but what comes from this server, and no text of a fixture ever becomes code. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** Data is never shown by itself. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"

/** What was seen once is asked for again, and not sent again if it is the same. */
const REVALIDATE = 'no-cache'

/** Its name changes with what it holds. */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** Sets the headers of what belongs to the page, of refusals, too. */
const guarded =
  (policy: string, caching: string): MiddlewareHandler =>
  async (c, next) => {
    await next()
    const { headers, ok } = c.res
    headers.set('content-security-policy', policy)
    headers.set('x-content-type-options', 'nosniff')
    headers.set('referrer-policy', 'no-referrer')
    headers.set('cross-origin-opener-policy', 'same-origin')
    headers.set('cross-origin-resource-policy', 'same-origin')
    headers.set('cache-control', ok || c.res.status === 304 ? caching : 'no-store')
  }

/** The page, its files and its data, by their paths from the root of the server. Nothing is read until it is asked for. */
export function createPage(options: SourcesOptions): Hono<Env> {
  const { config, store } = options
  const files = createPageFiles()
  const told = createSources(options)
  const { compare, compareWithGit } = createComparing({ store, ...told })
  // What is made of a whole fixture takes several times its memory meanwhile.
  const inOrder = createOrder()
  const oneByOne = <T>(work: () => Promise<T>): Promise<T> => inOrder('a whole fixture', work)
  const sources: PageSources = {
    ...told,
    view: (name) => oneByOne(() => told.view(name)),
    raw: (name) => oneByOne(() => told.raw(name)),
    compare: (...names) => oneByOne(() => compare(...names)),
    compareWithGit: (...words) => oneByOne(() => compareWithGit(...words)),
    exported: (name) => oneByOne(async () => exportPage(await files(), await told.view(name))),
  }
  return new Hono<Env>()
    .use('/', guarded(POLICY, REVALIDATE), etag())
    .get('/', async (c) => c.html((await files()).html))
    .use('/assets/*', guarded(DATA_POLICY, FOR_EVER))
    .get('/assets/:name', async (c) => {
      const asset = (await files()).assets.get(`assets/${c.req.param('name')}`)
      if (!asset) return c.notFound()
      return c.body(asset.bytes, 200, { 'content-type': asset.type })
    })
    .use(
      '/page/*',
      guarded(DATA_POLICY, REVALIDATE),
      etag(),
      access(config, 'What the page shows is told to the page of this server alone.'),
    )
    .route('/page', createPageApi(sources))
    .all('/page/*', (c) => c.notFound())
}
