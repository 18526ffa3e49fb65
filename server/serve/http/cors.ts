/** What pages of other origins may read. */
import type { Headers } from '../../api/headers.ts'
import type { Config } from '../config.ts'

/** What pages of an allowed origin may read of a response. */
const EXPOSED_HEADERS = [
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'x-request-id',
  'x-deltatape',
  'x-deltatape-fixture',
  'x-deltatape-derived',
  'x-deltatape-forgotten',
]

/** The headers that let a page of an allowed origin read an answer; none for any other. */
export const crossOrigin = (origin: string | undefined, { allowedOrigins }: Pick<Config, 'allowedOrigins'>): Headers =>
  origin !== undefined && allowedOrigins.includes(origin)
    ? [
        ['access-control-allow-origin', origin],
        ['access-control-expose-headers', EXPOSED_HEADERS.join(',')],
        ['vary', 'Origin'],
      ]
    : []
