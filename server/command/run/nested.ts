/** Whether what is to be called is a deltatape itself: it would answer in the place of the API. */
import { serviceAtHost } from '../../api/hosts.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { isLoopback } from '../../base/host.ts'
import type { Config } from '../../serve/config.ts'

/** How long a server may take to say who it is, in ms: one that runs here says it at once. */
const PATIENCE_MS = 1000

/**
 * Makes sure that no address of an API is that of a deltatape, as in a command that another one runs. In replay only
 * this machine is asked: nothing else is called then.
 *
 * @throws DeltatapeError `config_invalid`
 */
export async function refuseNested({
  mode,
  baseURL,
  baseURLs,
}: Pick<Config, 'mode' | 'baseURL' | 'baseURLs'>): Promise<void> {
  const all = Object.entries({ OPENAI_BASE_URL: baseURL, ...baseURLs })
  const asked = all.filter(([, url]) => {
    const { host, hostname } = new URL(url)
    return isLoopback(hostname) || (mode !== 'replay' && serviceAtHost(host) === undefined)
  })
  const origins = Map.groupBy(asked, ([, url]) => new URL(url).origin)
  await Promise.all(
    [...origins].map(async ([origin, [first]]) => {
      const who = await whoIs(origin)
      if (who !== undefined && first) throw nested(first, who)
    }),
  )
}

/** What a deltatape says of itself; undefined if there is none. */
async function whoIs(origin: string): Promise<string | undefined> {
  try {
    const { headers } = await fetch(`${origin}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) })
    return headers.get('x-deltatape') ?? undefined
  } catch {
    return undefined
  }
}

const nested = ([name, url]: readonly [name: string, url: string], who: string) =>
  new DeltatapeError(
    'config_invalid',
    `${name}=${url} is a deltatape itself (${who}), and no API: this is in a command that npx deltatape run runs, or in a shell that has the variables of serve --print-env. Leave out one of the two, or unset ${name}.`,
  )
