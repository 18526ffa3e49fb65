/** What a command finds in its environment: this server where its APIs would be, and no key with which it could spend. */
import { resolve } from 'node:path'
import type { Environment } from '../../base/variables.ts'
import type { Config } from '../../serve/config.ts'
import { addressesFor, keysMissing, keysReplaced } from '../../serve/services.ts'
import { hostsOf, leadsToApi } from './apis.ts'

export interface Around {
  /** Where the server is, for programs of this machine. */
  readonly url: string
  /** Where the proxy is that catches what goes past the server. */
  readonly proxyUrl: string
  readonly config: Pick<Config, 'mode' | 'baseURL' | 'baseURLs' | 'authToken' | 'usageLog'>
}

/**
 * The environment of the command.
 *
 * In replay all keys are of no use. In the other modes the command keeps its own, with which it calls the APIs; if the
 * server asks for a token, that stands in their place, and the server has the keys.
 */
export function environmentOfCommand(env: Environment, { url, proxyUrl, config }: Around): Environment {
  const { mode, authToken } = config
  const replays = mode === 'replay'
  const keys = replays || authToken !== undefined ? keysReplaced(env, authToken) : {}
  const given = { ...env, ...keys, ...(replays ? { ...NO_AWS, ...NO_EXTRAS, ...regionOf(env) } : {}) }
  const addresses = addressesFor(url, config)
  return {
    ...given,
    // What is set hides what a program would read from its `.env`: only where none is needed does each have a key.
    ...(replays || authToken !== undefined ? keysMissing(given, authToken) : {}),
    ...addresses,
    ...(isAzureAlone(env) ? { OPENAI_BASE_URL: undefined, OPENAI_API_BASE: undefined } : {}),
    DELTATAPE_URL: url,
    DELTATAPE_AROUND: JSON.stringify(forOwn(config)),
    ...throughProxy(env, proxyUrl, config),
  }
}

/** What a deltatape that the command starts itself, such as that of a plugin, is to know: it answers in place of this one. */
const forOwn = ({ mode, baseURL, baseURLs, usageLog }: Around['config']): Environment => ({
  ...(mode === 'replay' ? {} : { MODEL_MODE: mode, OPENAI_BASE_URL: baseURL, ...baseURLs }),
  ...(usageLog === undefined ? {} : { USAGE_LOG: resolve(usageLog) }),
})

/** Credentials that sign, and open nothing. A profile, or the role of a job or of a pod, would lead to others. */
const NO_AWS: Environment = {
  AWS_ACCESS_KEY_ID: 'any',
  AWS_SECRET_ACCESS_KEY: 'any',
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_DEFAULT_PROFILE: undefined,
  AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined,
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
  AWS_CONTAINER_AUTHORIZATION_TOKEN: undefined,
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: undefined,
}

/** An agent that waits a minute for what is not let out is told not to ask for it. */
const NO_EXTRAS: Environment = { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' }

/** Programs of AWS do not start without a region; this one has the address of Bedrock that is known. */
const regionOf = ({ AWS_REGION: region, AWS_DEFAULT_REGION: other }: Environment): Environment =>
  region || other ? {} : { AWS_REGION: 'us-east-1' }

/** Whether a program is set up for Azure alone: its SDK refuses to have the address of OpenAI as well. */
const isAzureAlone = (env: Environment): boolean =>
  Boolean(env.AZURE_OPENAI_ENDPOINT) && !env.OPENAI_API_KEY && !env.OPENAI_BASE_URL

/** The variables by which programs find a proxy: some know them in upper case, some in lower. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']

/**
 * How this machine is called in a list of hosts that go by no proxy. Python's httpx does not start where an IPv6 address
 * in brackets is named, and an older one where any is: the proxy lets such calls through.
 */
const HERE = ['localhost', '127.0.0.1']

function throughProxy(env: Environment, proxyUrl: string, { mode, baseURL, baseURLs }: Around['config']): Environment {
  const hosts = hostsOf(baseURL, baseURLs)
  const own = (env.no_proxy || env.NO_PROXY || '').split(/[\s,]+/).filter(Boolean)
  const kept = mode === 'replay' ? own.filter((entry) => !opens(entry, hosts)) : own
  const noProxy = [...new Set([...kept, ...HERE])].join(',')
  const names = PROXIES.flatMap((name) => [name, name.toLowerCase()])
  return {
    ...Object.fromEntries(names.map((name) => [name, proxyUrl])),
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    // Node looks at these variables only if it is told so.
    NODE_USE_ENV_PROXY: '1',
  }
}

/** Whether an entry in the list of hosts that go by no proxy lets an API out. A point at its end says nothing. */
function opens(entry: string, hosts: readonly string[]): boolean {
  const name = entry
    .toLowerCase()
    .replace(/^\*?\.?/, '')
    .replace(/\.?(?::\d+)?$/, '')
  return name === '' || leadsToApi(name, hosts)
}
