/** What a client says of itself. */
import type { Context } from 'hono'
import type { Config } from '../config.ts'
import { authorize } from './guard.ts'

export const keyOf = (c: Context, config: Config): string | undefined =>
  authorize({ authorization: c.req.header('authorization'), token: c.req.header('x-deltatape-token') }, config).apiKey

/** What a client asked for when it connected. */
export interface Asked {
  readonly apiKey: string | undefined
  readonly fault: string | undefined
}

/** The URL of a request, whatever its target looks like. */
export const urlOf = (target = '/'): URL =>
  URL.canParse(target, 'http://localhost') ? new URL(target, 'http://localhost') : new URL('http://localhost')
