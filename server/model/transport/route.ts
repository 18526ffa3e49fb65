/** Where a call goes, and which key goes there: to the service whose path it is, or to a host that the client names. */
import type { Destination } from '../../api/call.ts'
import { type Addressed, SERVICES, type Service, homeOf, ownServices, servicesFor } from '../../api/hosts.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { isLoopback } from '../../base/host.ts'
import { quoted } from '../../base/name.ts'

/** What a user says of where calls go. */
export interface RouteSettings {
  /** OpenAI's address and key. */
  readonly baseURL: string
  readonly apiKey: string | undefined
  /** The addresses of other services, by the variables that name them. */
  readonly baseURLs?: Readonly<Record<string, string>>
  /** The keys for other services, by their variables. */
  readonly keys?: Readonly<Record<string, string>>
  /** Further hosts that may be called: `host`, `host:port`, or with the scheme in front. */
  readonly upstreams?: readonly string[]
}

export interface Routes {
  /**
   * Where a call goes.
   *
   * @param named the host that the client names: one in front of the path, or the origin of a whole address
   * @throws DeltatapeError `forbidden` if that is no host at all
   */
  to(call: Addressed, named?: string): Destination
  /** The server's own key for a service. */
  keyFor(service: Service | undefined): string | undefined
}

/** A host in front of a path: its first segment, if that has a dot or a port, and more follows it. `.well-known` is none. */
const PREFIX = /^\/([^/@.][^/]*)(\/.*)$/s

/** Takes the host off a path, if there is one in front of it. */
export function withoutHost(path: string): { readonly named?: string; readonly path: string } {
  const [, segment = '', rest = ''] = PREFIX.exec(path) ?? []
  return /[.:]|%(?:2e|3a|5b)/i.test(segment) ? { named: segment, path: rest } : { path }
}

export function createRoutes({ baseURL, apiKey, baseURLs = {}, keys = {}, upstreams = [] }: RouteSettings): Routes {
  const addresses: Readonly<Record<string, string>> = { ...baseURLs, OPENAI_BASE_URL: baseURL }
  const secrets: Readonly<Record<string, string | undefined>> = { ...keys, OPENAI_API_KEY: apiKey }
  const allowed = upstreams.flatMap(upstreamOf)
  const configured = (service: Service): string | undefined => firstOf(addresses, service.addresses)
  const baseOf = (service: Service, path: string): string =>
    configured(service) ?? service.urlFor?.(path) ?? service.url

  /** Whether a host is a service's own: the one that is configured for it, or a public one. */
  const isHostOf = (service: Service, host: string): boolean =>
    hostOf(configured(service)) === host || (isPublic(service) && isOfService(service, host))

  const serviceOf = (call: Addressed, host: string): Service | undefined =>
    servicesFor(call).find((service) => isHostOf(service, host))

  const home = (call: Addressed): Destination => {
    const service = homeOf(call)
    if (service === undefined) return { upstream: 'unknown', refusal: noHost() }
    const base = baseOf(service, call.path)
    const counts = !ownServices(call).includes(service)
    const missing = service.url.endsWith('.invalid') && configured(service) === undefined
    return {
      base,
      service,
      upstream: new URL(base).host,
      ...(counts ? { host: new URL(service.url).host } : {}),
      ...(missing ? { refusal: notConfigured(service) } : {}),
    }
  }

  return {
    to(call, named) {
      if (named === undefined) return home(call)
      const url = urlOf(named)
      if (url === undefined) throw noSuchHost(named)
      const { host } = url
      const whole = /^https?:\/\//.test(named)
      // A whole address that is the API's own is the home of its calls, wherever that is.
      if (whole && ownServices(call).some((service) => isOfService(service, host))) return home(call)
      const service = serviceOf(call, host)
      const upstream = allowed.find((each) => covers(each, url))
      // Of an address that the user wrote in whole the scheme is known.
      const written = [service && configured(service), upstream?.origin].find((each) => hostOf(each) === host)
      const base = !whole && written !== undefined ? new URL(written).origin : url.origin
      const own = service !== undefined && ownServices(call).includes(service)
      const destination = { base, asIs: true, service, upstream: host, ...(own ? {} : { host }) } as const
      if (service === undefined && upstream === undefined) return { ...destination, refusal: notAllowed(host) }
      return isSafe(base, written) ? destination : { ...destination, refusal: notSafe(host) }
    },
    keyFor: (service) => service && firstOf(secrets, service.keys),
  }
}

const firstOf = (values: Readonly<Record<string, string | undefined>>, names: readonly string[]): string | undefined =>
  names.map((name) => values[name]).find((value) => value !== undefined)

const hostOf = (address: string | undefined): string | undefined =>
  address === undefined ? undefined : new URL(address).host

const isOfService = ({ url, hosts }: Service, host: string): boolean =>
  new URL(url).host === host || (hosts?.test(host) ?? false)

/** Whether it may be called by name without being configured: an address of this machine may not. */
const isPublic = ({ url }: Service): boolean => url.startsWith('https:') && !url.endsWith('.invalid')

/** What a name may be made of: anything else is read in one way by one program and in another by the next. */
const HOST = /^(?:\[[\da-f:.]+\]|[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*)(?::\d{1,5})?$/

/** A host as an address that says the same, by http on this machine; undefined if a URL would read another host out of it. */
function urlOf(named: string): URL | undefined {
  const given = named.replace(/^https?:\/\//, '').toLowerCase()
  const isHere = given === named.toLowerCase() && isLoopback(given.replace(/:\d+$/, ''))
  const scheme = named.startsWith('http://') || isHere ? 'http' : 'https'
  if (!HOST.test(given) || !URL.canParse(`${scheme}://${given}`)) return undefined
  const url = new URL(`${scheme}://${given}`)
  const plain = given.replace(scheme === 'https' ? /:443$/ : /:80$/, '')
  return url.host === plain ? url : undefined
}

/** Whether nobody can listen: over https, on this machine, or where the user says so in a whole address. */
const isSafe = (origin: string, written: string | undefined): boolean =>
  origin.startsWith('https:') ||
  isLoopback(new URL(origin).hostname) ||
  (written !== undefined && new URL(written).origin === origin)

/** A host that may be called though no API that is known has it. */
interface Upstream {
  readonly hostname: string
  /** The only port that may be called, if it is said. */
  readonly port?: string | undefined
  /** Where the user wrote the scheme. */
  readonly origin?: string | undefined
}

const portOf = ({ protocol, port }: URL): string => port || (protocol === 'https:' ? '443' : '80')

/** What an entry of `UPSTREAMS` allows; none if it is no host. */
function upstreamOf(entry: string): Upstream[] {
  const whole = /^https?:\/\//i.test(entry)
  const address = whole ? entry : `https://${entry}`
  if (!URL.canParse(address)) return []
  const url = new URL(address)
  const { hostname, origin } = url
  if (whole) return [{ hostname, origin }]
  return [{ hostname, port: /:(\d+)$/.exec(entry)?.[1]?.replace(/^0+(?=\d)/, '') }]
}

const covers = ({ hostname, port, origin }: Upstream, url: URL): boolean =>
  origin === undefined
    ? url.hostname === hostname && (port === undefined || port === portOf(url))
    : url.host === hostOf(origin)

/** The host names that the user wrote: they may lead to addresses of this machine and of private networks. */
export function namesIn({ baseURL, baseURLs = {}, upstreams = [] }: RouteSettings): ReadonlySet<string> {
  const defaults = SERVICES.map(({ url }) => new URL(url).hostname)
  const written = [baseURL, ...Object.values(baseURLs)].map((each) => new URL(each).hostname)
  return new Set([
    ...written.filter((each) => !defaults.includes(each)),
    ...upstreams.flatMap(upstreamOf).map(({ hostname }) => hostname),
  ])
}

const forbidden = (message: string) => new DeltatapeError('forbidden', message)

const notAllowed = (host: string) =>
  forbidden(`Calls to ${quoted(host)} are not allowed here, and nothing was sent. Name it in UPSTREAMS to allow them.`)

const notSafe = (host: string) =>
  forbidden(
    `Calls to ${quoted(host)} have to go over https, and nothing was sent: anybody on the way could read them. If it has no https, name its address with http:// in UPSTREAMS.`,
  )

const noSuchHost = (named: string) =>
  forbidden(
    `${quoted(named)} is no host that can be called, and nothing was sent. Write a name or an address as it is known: api.example.com, 127.0.0.1:8080.`,
  )

const noHost = () =>
  forbidden(
    'Nothing was sent: this path belongs to no API that is known. Put the host in front of it: /api.example.com/….',
  )

const notConfigured = ({ name, addresses }: Service) =>
  forbidden(`Nothing was sent: the address of ${name} is not known. Set ${addresses.join(' or ')} to it.`)
