/** Which hosts are those of APIs of models. Pure. */
import { SERVICES, type Service, serviceAtHost } from '../../api/hosts.ts'

/** Domains that no service names, below which models answer all the same: resources of Azure, and subscriptions. */
const FURTHER = ['chatgpt.com', 'openai.azure.com', 'services.ai.azure.com', 'cognitiveservices.azure.com']

const KNOWN = [...SERVICES.map(({ url }) => new URL(url).hostname), ...FURTHER]

const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`)

/**
 * Whose API is at a host; nobody's that is known by name if it is just one of a model.
 *
 * @param hosts those that the user has named
 */
export function apiAt(host: string, hosts: readonly string[]): Partial<Service> | undefined {
  const isFurther = FURTHER.some((domain) => isWithin(host, domain))
  return serviceAtHost(host) ?? (isFurther || hosts.includes(host) ? {} : undefined)
}

/** Whether the API of a model is at a host or, of those that everybody knows, below it. */
export const leadsToApi = (host: string, hosts: readonly string[]): boolean =>
  apiAt(host, hosts) !== undefined || KNOWN.some((known) => isWithin(known, host))

/** The hosts of APIs that a user has named, in lower case. */
export const hostsOf = (baseURL: string, baseURLs: Readonly<Record<string, string>>): readonly string[] =>
  [baseURL, ...Object.values(baseURLs)].map((address) => new URL(address).hostname)
