/** Whose key a call carries to the API: the client's, or else the server's. */
import { any } from '../../api/any.ts'
import type { Api } from '../../api/api.ts'
import type { Call, Incoming } from '../../api/call.ts'
import type { Headers } from '../../api/headers.ts'
import type { Service } from '../../api/hosts.ts'

/** What examples give for a key, so that they need none. */
const NO_KEY = 'any'

/** The key that a call carries, if there is one. */
export const keyOf = (credential: string | undefined, apiKey: string | undefined): string | undefined =>
  credential === undefined || credential === NO_KEY ? apiKey : credential

const isAuthorization = ([name]: Headers[number]): boolean => name.toLowerCase() === 'authorization'

/** What a call carries: its headers and its query. Whether `authorization` holds a key its `credential` says. */
interface Carried {
  readonly headers: Headers
  readonly query: string
}

/** Where APIs read keys. A client that brings one in any of these brings its own, whichever the API reads. */
const ANYWHERE = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key', '?key']

/**
 * What a call carries to a service, and the server's key if it brings none of its own. A key that stands where the service
 * reads none is passed on as it came, and the service's to refuse.
 *
 * @returns undefined if there is neither, and the service asks for one
 */
export function carriedTo(
  service: Service | undefined,
  { headers, query, credential }: Carried & Pick<Call, 'credential'>,
  apiKey: string | undefined,
): (Carried & { readonly ownKey?: string }) | undefined {
  const places = service?.carries ?? ANYWHERE
  const brings =
    (credential !== undefined && credential !== NO_KEY) ||
    headers.some(
      (header) => !isAuthorization(header) && ANYWHERE.includes(header[0].toLowerCase()) && !isNone(header[1]),
    ) ||
    parametersOf(query).some((each) => ANYWHERE.includes(`?${nameOf(each)}`) && !isNone(valueOf(each)))
  if (brings) return { headers, query }
  if (apiKey === undefined && service !== undefined && service.keys.length > 0) return undefined
  const [place = 'authorization'] = places
  const at = headers.findIndex(([name]) => name.toLowerCase() === place)
  const others = headers.filter(([name], index) => index === at || !places.includes(name.toLowerCase()))
  const bare = parametersOf(query).filter((each) => !places.includes(`?${nameOf(each)}`))
  const rest = bare.length > 0 ? `?${bare.join('&')}` : ''
  if (apiKey === undefined) return { headers: others.filter(([name]) => name.toLowerCase() !== place), query: rest }
  const value = place === 'authorization' ? `Bearer ${apiKey}` : apiKey
  const keyed = others.map(([name, was]) => [name, name.toLowerCase() === place ? value : was] as const)
  return { headers: at === -1 ? [...keyed, [place, value]] : keyed, query: rest, ownKey: apiKey }
}

/** Whether a value is no key. */
const isNone = (value: string): boolean => ['', NO_KEY].includes(value.replace(/^Bearer(?:\s+|$)/i, '').trim())

const parametersOf = (query: string): readonly string[] =>
  query
    .slice(1)
    .split('&')
    .filter((each) => each !== '')

const nameOf = (parameter: string): string => [...new URLSearchParams(parameter).keys()][0] ?? ''

const valueOf = (parameter: string): string => [...new URLSearchParams(parameter).values()][0] ?? ''

const OPENAI_KEY = ['OPENAI_API_KEY']

/** What the API would answer to a call without a key. */
export function missingKey(api: Pick<Api, 'refused'> = any, variables: readonly string[] = OPENAI_KEY): Incoming {
  const message = `This request brought no API key, and the server has none. Set ${variables.join(' or ')} for the server, or give the client its key.`
  const { body, headers = [] } = api.refused({ status: 401, message, code: 'missing_api_key' })
  return {
    status: 401,
    headers: [['content-type', 'application/json'], ...headers],
    body: (async function* () {
      yield Buffer.from(JSON.stringify(body))
    })(),
  }
}
