/** Whether what is to be called is a deltatape itself: it would answer in the place of the API. */
import { request } from 'node:http'
import { deltatape, marked } from '../../base/command-line.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { isLoopback } from '../../base/host.ts'
import type { Config } from '../../serve/config.ts'
import { bare } from './passage.ts'

/** How long a server may take to say who it is, in ms: one that runs here says it at once. */
const PATIENCE_MS = 1000

/**
 * Makes sure that no address of an API is that of a deltatape on this machine, as in a command that another one runs.
 *
 * @throws DeltatapeError `config_invalid`
 */
export async function refuseNested({ baseURL, baseURLs }: Pick<Config, 'baseURL' | 'baseURLs'>): Promise<void> {
  const all = Object.entries({ OPENAI_BASE_URL: baseURL, ...baseURLs })
  const here = all.filter(([, url]) => isLoopback(new URL(url).hostname))
  await Promise.all(
    [...Map.groupBy(here, ([, url]) => new URL(url).host)].map(async ([, [first]]) => {
      const who = first && (await whoIs(new URL(first[1])))
      if (first && who !== undefined) throw nested(first, who)
    }),
  )
}

/**
 * What a deltatape says of itself; undefined if there is none. It is asked for what only proxies have, and says who it is
 * in refusing: whatever else listens there has not been asked anything of its own.
 */
function whoIs({ hostname, port, host: path }: URL): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const asked = request({ host: bare(hostname), port: port || 80, method: 'CONNECT', path, agent: false })
  asked.setTimeout(PATIENCE_MS, () => asked.destroy())
  asked.once('connect', ({ headers }, socket) => {
    socket.destroy()
    resolve(headers['x-deltatape']?.toString())
  })
  asked.on('error', () => resolve(undefined)).once('close', () => resolve(undefined))
  asked.end()
  return promise
}

const nested = ([name, url]: readonly [name: string, url: string], who: string) =>
  new DeltatapeError(
    'config_invalid',
    `${name}=${url} is a deltatape itself (${who}), and no API: this is in a command that ${marked(deltatape('run'))} runs, or in a shell that has the variables of serve --print-env. Leave out one of the two, or unset ${name}.`,
  )
