/** What is told of this server to nobody but its own page and programs that are no pages, and asks for the token. */
import type { MiddlewareHandler } from 'hono'
import { DeltatapeError } from '../../base/errors.ts'
import { authorize, credentialsIn, isOfOwnPage } from '../guard.ts'

/**
 * Lets in who may read it. `Host` and `Origin` were looked at before.
 *
 * @param refusal what the page of another origin is told
 */
export const access =
  (config: { readonly authToken: string | undefined }, refusal: string): MiddlewareHandler =>
  async (c, next) => {
    const visitor = {
      host: new URL(c.req.url).host,
      origin: c.req.header('origin'),
      site: c.req.header('sec-fetch-site'),
    }
    if (!isOfOwnPage(visitor)) throw new DeltatapeError('forbidden', refusal)
    authorize(credentialsIn([...c.req.raw.headers]), config)
    await next()
  }
