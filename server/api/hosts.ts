/** Where the calls of each API go: its service, by the row and by the path that was asked. */
import { memberOf } from '../base/json.ts'
import { type Headers, headerOf } from './headers.ts'

/** Somebody who answers calls: an address, the variables that name another one, and the key that is asked for. */
export interface Service {
  readonly name: string
  /** The address of its own, with the version where its base-URL variable has one. */
  readonly url: string
  /** The address where it depends on the path, such as on a region in it. */
  readonly urlFor?: (path: string) => string | undefined
  /** Further hosts that are its own. */
  readonly hosts?: RegExp
  /** The variables that SDKs read its address from; the first that is set counts. */
  readonly addresses: readonly string[]
  /** The variables with the key for it; the first that is set counts. None: nobody is refused for bringing no key. */
  readonly keys: readonly string[]
  /** Where it reads a key: headers, and parameters with a `?` in front. The server's own key goes into the first, as `Bearer` in `authorization`. */
  readonly carries: readonly string[]
  /** What stands before the paths of programs that leave it out. */
  readonly version?: string
}

const BEARER = ['authorization']

/** One that reads a bearer token, as most do. */
const bearer = (name: string, url: string, keys: readonly string[], addresses: readonly string[] = []): Service => ({
  name,
  url,
  addresses,
  keys,
  carries: BEARER,
})

const openai = bearer('OpenAI', 'https://api.openai.com/v1', ['OPENAI_API_KEY'], ['OPENAI_BASE_URL'])

const anthropic: Service = {
  name: 'Anthropic',
  url: 'https://api.anthropic.com',
  addresses: ['ANTHROPIC_BASE_URL'],
  keys: ['ANTHROPIC_API_KEY'],
  carries: ['x-api-key', 'authorization'],
  version: '/v1',
}

const gemini: Service = {
  name: 'Gemini',
  url: 'https://generativelanguage.googleapis.com',
  addresses: ['GOOGLE_GEMINI_BASE_URL'],
  keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  carries: ['x-goog-api-key', 'authorization', '?key'],
  version: '/v1beta',
}

const LOCATION = /\/locations\/([a-z]+(?:-[a-z]+)*\d*)\//

const vertex: Service = {
  name: 'Vertex AI',
  url: 'https://aiplatform.googleapis.com',
  urlFor(path) {
    const location = LOCATION.exec(path)?.[1] ?? 'global'
    return location === 'global' ? undefined : `https://${location}-aiplatform.googleapis.com`
  },
  hosts: /^[a-z]+(?:-[a-z]+)*\d*-aiplatform\.googleapis\.com$/,
  addresses: ['GOOGLE_VERTEX_BASE_URL'],
  keys: [],
  carries: ['authorization', 'x-goog-api-key', '?key'],
}

const ollama = bearer('Ollama', 'http://127.0.0.1:11434', [], ['OLLAMA_HOST'])
const cohere = bearer('Cohere', 'https://api.cohere.com', ['COHERE_API_KEY', 'CO_API_KEY'], ['CO_API_URL'])

const bedrock: Service = {
  ...bearer(
    'Bedrock',
    'https://bedrock-runtime.us-east-1.amazonaws.com',
    ['AWS_BEARER_TOKEN_BEDROCK'],
    ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'],
  ),
  hosts:
    /^(?:bedrock-runtime(?:-fips)?\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com|bedrock-mantle\.[a-z]{2}(?:-[a-z]+)+-\d\.api\.aws)$/,
}

/** Its address names a resource of the user: there is none but the configured one. */
const azure: Service = {
  name: 'Azure OpenAI',
  url: 'https://azure.invalid',
  addresses: ['AZURE_OPENAI_ENDPOINT'],
  keys: ['AZURE_OPENAI_API_KEY'],
  carries: ['api-key', 'authorization'],
}

const groq = bearer('Groq', 'https://api.groq.com', ['GROQ_API_KEY'], ['GROQ_BASE_URL'])

/** All that are known. OpenAI is the first. */
export const SERVICES: readonly Service[] = [
  openai,
  anthropic,
  gemini,
  vertex,
  ollama,
  cohere,
  bedrock,
  azure,
  groq,
  bearer('Mistral', 'https://api.mistral.ai', ['MISTRAL_API_KEY']),
  bearer('DeepSeek', 'https://api.deepseek.com', ['DEEPSEEK_API_KEY']),
  bearer('xAI', 'https://api.x.ai', ['XAI_API_KEY']),
  bearer('OpenRouter', 'https://openrouter.ai/api/v1', ['OPENROUTER_API_KEY'], ['OPENROUTER_BASE_URL']),
  bearer('Perplexity', 'https://api.perplexity.ai', ['PERPLEXITY_API_KEY']),
  bearer('Together', 'https://api.together.xyz', ['TOGETHER_API_KEY']),
  bearer('Fireworks', 'https://api.fireworks.ai', ['FIREWORKS_API_KEY']),
  bearer('Cerebras', 'https://api.cerebras.ai', ['CEREBRAS_API_KEY']),
  bearer('Hugging Face', 'https://router.huggingface.co', ['HF_TOKEN']),
]

/** The services whose hosts are a row's own, by the name of the row. */
const ROWS: Readonly<Record<string, readonly Service[]>> = {
  responses: [openai],
  'chat-completions': [openai],
  openai: [openai],
  messages: [anthropic, vertex],
  gemini: [gemini, vertex],
  interactions: [gemini],
  ollama: [ollama],
  cohere: [cohere],
  bedrock: [bedrock],
  mcp: [],
}

/** Paths that one service alone has; the first that fits counts. */
const PATHS: readonly (readonly [RegExp, Service])[] = [
  [/\/projects\/[^/]+\/locations\//, vertex],
  [/^\/openai\/deployments\//, azure],
  [/^\/openai\/v1\//, groq],
  [/^(?:\/v1)?\/(?:messages|complete)(?:\/|$)/, anthropic],
  [/^\/v1(?:beta|alpha)\d?\/|^\/(?:up|down)load\/v1(?:(?:beta|alpha)\d?)?\//, gemini],
  [/^(?:\/v1)?\/(?:models|tunedModels)\/[^/]+:\w+/, gemini],
  [/^(?:\/v2\/(?:chat|embed|rerank)|\/v1\/(?:chat|rerank))$/, cohere],
  [
    /^\/api\/(?:chat|generate|embed|embeddings|tags|show|pull|push|create|copy|delete|ps|version|blobs)(?:\/|$)/,
    ollama,
  ],
  [/^\/model\/[^/]+\/(?:converse|invoke|apply|count)/, bedrock],
  [/^\/v1\//, openai],
  [
    /^\/(?:responses|chat\/completions|completions|embeddings|moderations|models|files|uploads|images|audio|videos|batches|conversations|threads|assistants|vector_stores|fine_tuning|realtime)(?:\/|$)/,
    openai,
  ],
]

/** Whose path it is. */
const serviceAt = (path: string): Service | undefined => PATHS.find(([pattern]) => pattern.test(path))?.[1]

/** Whether a path is one of an API that is known. */
export const isKnownPath = (path: string): boolean => serviceAt(path) !== undefined

/** The service whose public host it is. */
export const serviceAtHost = (host: string): Service | undefined =>
  SERVICES.find(({ url, hosts }) => new URL(url).host === host || (hosts?.test(host) ?? false))

/** What tells whose call it is. */
export interface Addressed {
  /** The name of its row. */
  readonly row: string
  readonly path: string
  readonly headers: Headers
}

/** The services whose hosts do not count for the key of a call. */
export function ownServices({ row, path }: Pick<Addressed, 'row' | 'path'>): readonly Service[] {
  const at = serviceAt(path)
  return memberOf(ROWS, row) ?? (at === undefined ? [] : [at])
}

/** The services that a host may be of: a row that is nobody's, such as tools of any server, carries no service's key. */
export const servicesFor = (call: Pick<Addressed, 'row' | 'path'>): readonly Service[] =>
  memberOf(ROWS, call.row)?.length === 0 ? [] : [...ownServices(call), ...SERVICES]

/**
 * The service that a call goes to if no host is named: by its path; and where several have the same path, such as that of
 * the models, by what the programs of one alone send. So no key goes to another service.
 */
export function homeOf({ row, path, headers }: Addressed): Service | undefined {
  const at = serviceAt(path)
  const [first, ...others] = memberOf(ROWS, row) ?? []
  if (at === groq && headerOf(headers, 'api-key') !== undefined) return azure
  if (at === azure || at === groq || (at !== undefined && others.includes(at))) return at
  const home = first ?? at
  if (home !== openai || row === 'responses') return home
  if (headerOf(headers, 'anthropic-version') !== undefined) return anthropic
  return headerOf(headers, 'x-goog-api-key') === undefined ? home : gemini
}
