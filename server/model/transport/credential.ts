/** Whose key a call carries to the API: the client's, or else the server's. */
import type { Incoming } from '../../api/call.ts'
import type { Headers } from '../../api/headers.ts'

/** What examples give for a key, so that they need none. */
const NO_KEY = 'any'

/** The key that a call carries, if there is one. */
export const keyOf = (credential: string | undefined, apiKey: string | undefined): string | undefined =>
  credential === undefined || credential === NO_KEY ? apiKey : credential

/**
 * The headers with the key that the call carries: a client's own stays as it was sent, the server's takes the place of
 * what is no key. Undefined if there is neither.
 */
export function authorized(
  headers: Headers,
  credential: string | undefined,
  apiKey: string | undefined,
): Headers | undefined {
  const key = keyOf(credential, apiKey)
  if (key === undefined) return undefined
  if (key === credential) return headers
  const value = `Bearer ${key}`
  const place = headers.findIndex(isAuthorization)
  if (place === -1) return [...headers, ['authorization', value]]
  return headers.flatMap((header, index) => {
    if (index === place) return [[header[0], value] as const]
    return isAuthorization(header) ? [] : [header]
  })
}

const isAuthorization = ([name]: Headers[number]): boolean => name.toLowerCase() === 'authorization'

const MISSING = JSON.stringify({
  error: {
    message: 'This request brought no API key, and the server has none (OPENAI_API_KEY).',
    type: 'invalid_request_error',
    param: null,
    code: 'missing_api_key',
  },
})

/** What the API would answer to a call without a key. */
export const missingKey = (): Incoming => ({
  status: 401,
  headers: [['content-type', 'application/json']],
  body: (async function* () {
    yield Buffer.from(MISSING)
  })(),
})
