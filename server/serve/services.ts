/** The variables that say where APIs are, and the keys for them; and what programs are told to find this server. */
import { SERVICES } from '../api/hosts.ts'
import { isLoopback } from '../base/host.ts'
import { KNOWN } from '../redact/kinds.ts'
import { findAll, merged, replace } from '../redact/match.ts'
import { type Environment, type Variable, address, readVariables, secret } from '../base/variables.ts'

/** Variables of OpenAI are settings of their own, with flags. */
const OTHERS = SERVICES.slice(1)

/** What examples give for a key. */
const NO_KEY = 'any'

export interface ServiceSettings {
  /** The addresses that are set, by their variables. */
  readonly baseURLs: Readonly<Record<string, string>>
  /** The keys that are set, by their variables. */
  readonly keys: Readonly<Record<string, string>>
}

/**
 * Reads where the APIs beside OpenAI's are, and the keys for them. An address of this very server is what its clients are
 * told, and counts as absent.
 */
export function readServices(
  env: Environment,
  port: number,
): { readonly services: ServiceSettings; readonly problems: readonly string[] } {
  const names = OTHERS.flatMap(({ addresses }) => addresses)
  const baseURLs = readVariables(tableOf(names, addressOf), env)
  const keyNames = OTHERS.flatMap(({ keys }) => keys)
  const keys = readVariables(
    tableOf(keyNames, (name) => secret(name, 'the key for the API')),
    env,
  )
  const here = (url: string) => isOwnAddress(url, port)
  return {
    services: {
      baseURLs: onlySet(baseURLs.values, (url) => url !== '' && !here(url)),
      // What a shell is told where a token is asked for is no key of an API.
      keys: onlySet(keys.values, (key) => key !== NO_KEY && key !== env.AUTH_TOKEN?.trim()),
    },
    problems: [...baseURLs.problems, ...keys.problems],
  }
}

/** Whether an address is that of a server of this machine on this port. */
export const isOwnAddress = (url: string, port: number): boolean =>
  port !== 0 && new URL(url).port === String(port) && isLoopback(new URL(url).hostname)

const tableOf = <T>(names: readonly string[], make: (name: string) => T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, make(name)]))

const onlySet = (values: Readonly<Record<string, string | undefined>>, counts: (value: string) => boolean) =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value !== undefined && counts(value) ? [[name, value]] : [])),
  )

/** The port of Ollama, where its variable says none. */
const OLLAMA_PORT = '11434'

/** The variable for an address. That of Ollama is read as its own programs do. */
function addressOf(name: string): Variable<string> {
  const plain = address(name, 'where the API is', '')
  if (name !== 'OLLAMA_HOST') return plain
  return { ...plain, schema: { safeParse: (word) => plain.schema.safeParse(ollamaAddress(word)) } }
}

/** The address in Ollama's variable, which may lack its scheme and its port, and may be the one that a server listens on. */
function ollamaAddress(word: string): string {
  const text = /^https?:\/\//.test(word) ? word : `http://${word.startsWith(':') ? `127.0.0.1${word}` : word}`
  if (!URL.canParse(text)) return word
  const url = new URL(text)
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  if (url.port === '' && text === `http://${word}`) url.port = OLLAMA_PORT
  return url.href
}

/**
 * The variables with which programs find this server, whatever they held before.
 *
 * @param url where the server listens, or a name on it
 * @param baseURLs where APIs are, as the server was told it
 */
export function addressesFor(url: string, { baseURLs }: Pick<ServiceSettings, 'baseURLs'>): Record<string, string> {
  const usual = SERVICES.flatMap((service) => {
    const base = service.addresses.map((name) => baseURLs[name]).find((set) => set !== undefined)
    const inFront = IN_FRONT.has(service.name)
    const { host, pathname } = new URL(inFront ? (base ?? service.url) : service.url)
    const path = (inFront ? `/${host}${pathname}` : pathname).replace(/\/$/, '')
    return service.addresses.map((name) => [name, path] as const)
  })
  return Object.fromEntries([...usual, ...Object.entries(FURTHER)].map(([name, path]) => [name, url + path]))
}

const isSet = (name: string, env: Environment): boolean => Boolean(env[name]?.trim())

/** Its programs need no key to start, and with one of no use they could not load what everybody may. */
const KEYLESS: ReadonlySet<string> = new Set(['Hugging Face'])

/** The keys without which programs do not start, each with a value of no use; those of APIs that have one are left out. */
export function keysMissing(env: Environment, key = NO_KEY): Record<string, string> {
  const lacking = SERVICES.filter(({ name, keys }) => !KEYLESS.has(name) && !keys.some((each) => isSet(each, env)))
  return Object.fromEntries(lacking.flatMap(({ keys }) => keys.slice(0, 1)).map((name) => [name, key]))
}

/** Who sells answers of models, as the names of variables call them. */
const SELLERS = [
  'OPENAI|CODEX|AZURE(?=_API_KEY)|AZURE_AI|AZURE_INFERENCE|ANTHROPIC|CLAUDE|GEMINI|GOOGLE_AI|GOOGLE_GENAI|VERTEX|GOOGLE_GENERATIVE_AI',
  'GOOGLE_VERTEX|COHERE|MISTRAL|GROQ|DEEPSEEK|XAI|GROK|OPENROUTER|PERPLEXITY|PERPLEXITYAI|PPLX|TOGETHER',
  'TOGETHERAI|TOGETHER_AI|FIREWORKS|FIREWORKS_AI|CEREBRAS|HF|HUGGINGFACE|HUGGING_FACE|HUGGINGFACEHUB',
  'REPLICATE|AI21|VOYAGE|JINA|NVIDIA|DASHSCOPE|QWEN|MOONSHOT|KIMI|ZHIPUAI|ZAI|MINIMAX|ARK|DEEPINFRA|OLLAMA',
  'SAMBANOVA|NOVITA|HYPERBOLIC|BASETEN|FAL|ELEVENLABS|ASSEMBLYAI|DEEPGRAM|STABILITY|LITELLM|AI_GATEWAY',
  'WATSONX|BEDROCK|GOOGLE_CLOUD(?=_API_KEY)|GENAI|PALM|LLM|GITHUB_MODELS|DATABRICKS',
].join('|')

/** What people put behind the name of a key that they have several of. */
const WHICH = String.raw`_(?:\d+|PROD|PRODUCTION|DEV|DEVELOPMENT|TEST|STAGING|LIVE|PRIMARY|SECONDARY|BACKUP)`

/** The names of variables that hold a key of theirs: `OPENAI_API_KEY`, `VITE_OPENAI_KEY_2`, `ANTHROPIC_AUTH_TOKEN`. */
const HOLDS_KEY = new RegExp(
  String.raw`(?:^|_)(?:${SELLERS})(?:_(?:\w+_)?)?(?:(?:API)?KEYS?|TOKEN|CREDENTIAL)(?:${WHICH})?$`,
  'i',
)

/** The kinds of keys with which answers of models are bought, under whatever name. */
const BUYING: ReadonlySet<string> = new Set(
  ['openai', 'anthropic', 'bedrock', 'groq', 'cerebras', 'fireworks', 'jina', 'nvidia', 'perplexity', 'xai']
    .map((seller) => `${seller}-key`)
    .concat('huggingface-token', 'replicate-token'),
)

/** A text without the keys in it that look like those. */
function withoutBuying(text: string, by: string): string {
  const found = findAll(text, KNOWN).filter(({ kind }) => BUYING.has(kind))
  return replace(
    text,
    merged(text, found).map((match) => ({ ...match, placeholder: by })),
  )
}

/** What a text has to have to be looked for in others: fewer characters are a word. */
const MIN_KEY_CHARS = 16

/**
 * The variables that hold keys of APIs of models, each with a value of no use in place of the key: a program that calls
 * an API itself cannot spend. A key is looked for in the values of all others, too, and so is what looks like one.
 */
export function keysReplaced(env: Environment, by = NO_KEY): Record<string, string> {
  const known = new Set(SERVICES.flatMap(({ keys }) => keys))
  const holds = (name: string) => known.has(name) || HOLDS_KEY.test(name)
  const held = Object.keys(env).filter((name) => holds(name) && isSet(name, env))
  const keys = held.map((name) => env[name]?.trim() ?? '').filter(({ length }) => length >= MIN_KEY_CHARS)
  const others = Object.entries(env).flatMap(([name, value = '']) => {
    const without = withoutBuying(
      keys.reduce((text, key) => text.replaceAll(key, by), value),
      by,
    )
    return without === value ? [] : [[name, without] as const]
  })
  return Object.fromEntries([...others, ...held.map((name) => [name, by] as const)])
}

/** The services with a variable for their address whose paths are those of others: the host in front tells them. */
const IN_FRONT: ReadonlySet<string> = new Set(['OpenRouter'])

/** Further variables that SDKs read, and what stands in them behind the address of this server. */
const FURTHER: Readonly<Record<string, string>> = {
  OPENAI_API_BASE: '/v1',
  ANTHROPIC_BEDROCK_BASE_URL: '',
  ANTHROPIC_VERTEX_BASE_URL: '/v1',
  AWS_BEDROCK_BASE_URL: '/bedrock-mantle.us-east-1.api.aws/openai/v1',
}

/** Where calls go that does not go without saying, in one line. */
export function elsewhere({
  baseURL,
  baseURLs,
  upstreams,
}: Pick<ServiceSettings, 'baseURLs'> & {
  readonly baseURL: string
  readonly upstreams: readonly string[]
}): string | undefined {
  const addresses: Readonly<Record<string, string | undefined>> = { ...baseURLs, OPENAI_BASE_URL: baseURL }
  const told = SERVICES.flatMap(({ name, url, addresses: names }) => {
    const set = names.map((each) => addresses[each]).find((each) => each !== undefined)
    return set === undefined || set === url ? [] : [`${name} is called at ${set}`]
  })
  const further = upstreams.length > 0 ? [`calls to ${upstreams.join(', ')} are allowed (UPSTREAMS)`] : []
  const all = [...told, ...further]
  return all.length > 0 ? `${all.join('; ')}.` : undefined
}

/** The keys that are used most. */
const USUAL = SERVICES.slice(0, 3).flatMap(({ keys }) => keys.slice(0, 1))

/** What a start without any key means, in one line. */
export const withoutKeys = (mode: string): string =>
  `OPENAI_API_KEY is not set, nor ${USUAL.slice(1).join(', ')} or the key of another API, and MODEL_MODE=${mode} calls APIs. Clients that bring a key of their own are served; others are refused.`
