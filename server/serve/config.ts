/** What a user can say: the environment becomes a Config, checked once, with every problem in one message. */
import { z } from 'zod'
import { DeltatapeError } from '../base/errors.ts'
import { isLoopback } from '../base/host.ts'
import { type ServiceSettings, isOwnAddress, readServices } from './services.ts'
import {
  type Environment,
  type Values,
  type Variable,
  type VariableInfo,
  address,
  duration,
  flag,
  list,
  oneOf,
  path,
  readMembers,
  readVariables,
  secret,
  text,
  variable,
  whole,
} from '../base/variables.ts'
import { PLAN_FORMS, type Plan, parsePlan } from '../model/faults.ts'
import { MODES } from '../model/mode.ts'
import { PACE_FORMS, type Pace, instant, parsePace } from '../model/pace.ts'
import { PLACES, USUAL_PLACE, flawsOf, placeOf } from '../store/place.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

const MIB = 2 ** 20

/** An origin as browsers send it (RFC 6454, 6.2). `null` is the origin of any sandboxed page, so nobody can let it in. */
const origin = z.string().refine((word) => URL.canParse(word) && new URL(word).origin === word)

const hostName = z.string().regex(/^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i)

/** A host, or its whole address: without one nothing but this machine is called over plain HTTP. */
const upstream = z
  .string()
  .regex(/^(?:https?:\/\/)?(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?\/?$/i)
  .transform((word) => word.replace(/\/$/, ''))
  .refine((word) => URL.canParse(/^https?:/i.test(word) ? word : `https://${word}`))

/** What words become that clients may send, too. */
const worded = <T>(parse: (words: string) => T) =>
  z.string().transform((words, context): T => {
    try {
      return parse(words)
    } catch (error) {
      if (!(error instanceof DeltatapeError)) throw error
      context.addIssue({ code: 'custom' })
      return z.NEVER
    }
  })

/** Every variable: what it becomes, its name, what it is for, and its default. Times are ms, sizes are bytes. */
const table = {
  mode: oneOf('MODEL_MODE', 'who answers', MODES, 'replay'),
  /** The server's own key, for clients that bring none. */
  apiKey: secret('OPENAI_API_KEY', 'the key for the API'),
  baseURL: address('OPENAI_BASE_URL', 'where the API is', 'https://api.openai.com/v1'),
  /** Further hosts that calls may name. */
  upstreams: list(
    'UPSTREAMS',
    'further hosts that may be called by their name in front of the path',
    'a host such as api.example.com or 127.0.0.1:8080, or its address such as http://10.0.0.5:8000',
    upstream,
  ),
  chatbotModel: text('CHATBOT_MODEL', 'the model that /ws and /ws-stream ask', 'gpt-4.1-mini'),
  port: whole('PORT', 'the port to listen on; 0 picks a free one', 3300, 0, 65535),
  host: text('HOST', 'the interface to listen on', '127.0.0.1'),
  fixturesDir: {
    ...text('FIXTURES', 'where the fixtures are', USUAL_PLACE),
    allowed: PLACES,
    formerly: 'FIXTURES_DIR',
    shown: placeOf,
  },
  fixturesCache: {
    ...path('FIXTURES_CACHE', 'keeps what was read of an engine, and answers while that is away'),
    allowed: 'the path of a directory',
  },
  fixturesFreshMs: duration('FIXTURES_FRESH_MS', 'how long replay takes what an engine gave for the newest', 5000, 0),
  fixturesTimeoutMs: duration('FIXTURES_TIMEOUT_MS', 'how long an engine may take for one operation', 10_000),
  /** What was read of fixtures is kept outside of V8's heap. */
  fixturesMemoryBytes: whole(
    'FIXTURES_MEMORY_BYTES',
    'how much of the fixtures is kept in memory',
    64 * MIB,
    0,
    2 ** 36,
  ),
  /** The file with the user's own rules of redaction, if it is not the usual one. */
  configFile: path('CONFIG_FILE', "a file of one's own rules of redaction, in place of deltatape.config.json"),
  usageLog: path('USAGE_LOG', 'a file to which it adds which fixtures were used'),
  pace: variable('REPLAY_PACE', 'how replay spends the recorded time', PACE_FORMS, instant, worded(parsePace)),
  recordFailures: flag('RECORD_FAILURES', 'save failed answers too'),
  recordTakes: flag('RECORD_TAKES', 'keep several answers to one call, in order'),
  fault: variable('FAULT', 'breaks every answer on purpose', PLAN_FORMS, undefined, worded(parsePlan)),
  /** Web pages that are let in, beyond the server's own. */
  allowedOrigins: list(
    'ALLOWED_ORIGINS',
    'web pages that are let in, beyond its own',
    'an origin such as http://localhost:5173, never null',
    origin,
  ),
  /** Names that the server answers to, beyond its own. */
  allowedHosts: list(
    'ALLOWED_HOSTS',
    'names that it answers to, beyond its own',
    'a host name such as chat.example.com',
    hostName,
  ),
  /** What every client has to bring, if it is set. */
  authToken: secret('AUTH_TOKEN', 'asked of every client'),
  /** Whether the server may listen beyond this machine without asking for a token. */
  allowUnprotected: flag('ALLOW_UNPROTECTED', 'listen beyond this machine without AUTH_TOKEN'),
  page: flag('PAGE', 'serve the page that shows recordings, at /', true),
  metrics: flag('METRICS', 'count what happens, for GET /metrics', true),
  logLevel: oneOf('LOG_LEVEL', 'how much it tells', LOG_LEVELS, 'info'),
  /** The default deadlines are as patient as the SDKs: a thinking model may say nothing for minutes. */
  firstEventTimeoutMs: duration('FIRST_EVENT_TIMEOUT_MS', 'how long the API may take to its first event', 600_000),
  idleTimeoutMs: duration('IDLE_TIMEOUT_MS', 'how long the API may be silent', 300_000),
  turnTimeoutMs: duration('TURN_TIMEOUT_MS', 'how long an answer of the API may take', 3_600_000),
  /** The largest body of a call to an API, with its content coding taken off. */
  maxBodyBytes: whole('MAX_BODY_BYTES', 'how large the body of a call to the API may be', 64 * MIB, 1, 2 ** 30),
  maxEventBytes: whole('MAX_EVENT_BYTES', 'how large an event of the API may be', 64 * MIB, 1, 2 ** 28),
  maxRecordingBytes: whole(
    'MAX_RECORDING_BYTES',
    'how much memory all recordings under way may take',
    256 * MIB,
    1,
    2 ** 32,
  ),
  /** The largest message of a chat client. */
  maxInputBytes: whole('MAX_INPUT_BYTES', 'how large a chat message may be', MIB, 1, 2 ** 30),
  /** The most that is kept in memory for clients, all of them together. */
  maxWaitingBytes: whole('MAX_WAITING_BYTES', 'how much memory all that waits may take', 256 * MIB, 1),
  maxQueuedTurns: whole('MAX_QUEUED_TURNS', 'how many turns of one connection may wait', 64, 0),
  maxConnections: whole('MAX_CONNECTIONS', 'how many connections may be open', 10_000, 1),
  shutdownGraceMs: duration('SHUTDOWN_GRACE_MS', 'how long turns may go on after the first signal', 3000, 0),
} as const satisfies Readonly<Record<string, Variable<unknown>>>

/** What the process was told: a member for each variable. Times are ms, sizes are bytes. */
export interface Config extends Values<typeof table>, ServiceSettings {
  /** Whether somebody said where the fixtures are. A folder that nobody named may be missing: that is a first run. */
  readonly fixturesNamed: boolean
  /** Who answers upstream, as fixtures name it: the host of `baseURL`. */
  readonly upstream: string
  /** How calls to APIs leave this machine: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, those that are set. */
  readonly proxies: Environment
  /** What is run with `MODEL_MODE=auto` to record a call, if it is not `npx deltatape serve`: a miss tells it. */
  readonly howToRecord?: string | undefined
}

/** What is told of each variable, by the member that its value becomes. */
export const SETTINGS: Readonly<Record<string, VariableInfo>> = Object.fromEntries(
  Object.entries<Variable<unknown>>(table).map(([member, { name, formerly, about, allowed, yesOrNo }]) => [
    member,
    { name, about, allowed, ...(formerly === undefined ? {} : { formerly }), ...(yesOrNo ? { yesOrNo } : {}) },
  ]),
)

/** The variables that have a flag, in the order in which they are shown. */
export const VARIABLES: readonly VariableInfo[] = Object.values(SETTINGS)

/**
 * Reads the configuration. An empty or blank variable counts as absent, as it does for the OpenAI SDK.
 *
 * @throws DeltatapeError `config_invalid`, its message a line for each problem.
 */
export function readConfig(env: Environment): Config {
  const { values, problems } = readVariables(table, env)
  const { proxies, problems: more } = readProxies(env)
  const { services, problems: ofServices } = readServices(env, values.port)
  // Replay calls nobody: a machine whose proxy is of another kind can replay all the same.
  const found = values.mode === 'replay' ? problems : [...problems, ...ofServices, ...more]
  const fixturesNamed = [table.fixturesDir.name, table.fixturesDir.formerly].some((name) => Boolean(env[name]?.trim()))
  return checked({ ...values, ...services, fixturesNamed, proxies }, found)
}

/** What differs from the defaults. */
type Differing = { readonly [Member in Exclude<keyof Config, 'pace' | 'fault'>]?: Config[Member] | undefined }

/** What a program says of deltatape. A pace and a fault may be words, too. */
export interface Options extends Differing {
  /** `instant`, `recorded`, a speed such as `2x`, or a gap such as `15ms`. */
  readonly pace?: Pace | string | undefined
  /** As the variable `FAULT` has it: `reset@7`. */
  readonly fault?: Plan | string | undefined
}

/**
 * The configuration that a program asks for. No variable counts: `readConfig(process.env)` gives what they say.
 *
 * @throws DeltatapeError `config_invalid`, its message a line for each problem.
 */
export function configOf(options: Options): Config {
  const { values, problems } = readMembers(table, { ...options })
  const { baseURLs = {}, keys = {}, proxies = {}, fixturesNamed = options.fixturesDir !== undefined } = options
  return checked({ ...options, ...values, baseURLs, keys, proxies, fixturesNamed }, problems)
}

/** @throws DeltatapeError `config_invalid` */
function checked(said: Omit<Config, 'upstream'>, found: readonly string[]): Config {
  const { host, authToken, allowUnprotected } = said
  const problems = [...found, ...flawsOf(said.fixturesDir, said.fixturesCache)]
  if (!isLoopback(host) && authToken === undefined && !allowUnprotected) {
    problems.push(
      `HOST=${host} lets other machines in. Set AUTH_TOKEN to ask them for it, or ALLOW_UNPROTECTED=1 if the network keeps strangers out.`,
    )
  }
  if (problems.length > 0) throw new DeltatapeError('config_invalid', problems.join('\n'))
  // What clients of this server are told, by `serve --print-env`, says nothing of where the API is.
  const baseURL = isOwnAddress(said.baseURL, said.port) ? table.baseURL.fallback : said.baseURL
  const apiKey = said.apiKey === 'any' || said.apiKey === authToken ? undefined : said.apiKey
  return { ...said, baseURL, apiKey, upstream: new URL(baseURL).host }
}

/** The variables that programs share, in upper or in lower case; the lower case counts first, as it does for curl. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const

function readProxies(env: Environment): { readonly proxies: Environment; readonly problems: readonly string[] } {
  const proxies: Record<string, string> = {}
  const problems: string[] = []
  for (const name of PROXIES) {
    const word = env[name.toLowerCase()]?.trim() || env[name]?.trim()
    if (!word) continue
    const value = name === 'NO_PROXY' ? word : proxyAddress(word)
    if (value !== undefined) proxies[name] = value
    else {
      problems.push(
        `${name} must be the address of an HTTP proxy, such as http://proxy.example:3128 (it is not shown: it may hold a password).`,
      )
    }
  }
  return { proxies, problems }
}

/** The address of a proxy as a URL. Many write it without `http://`. */
function proxyAddress(word: string): string | undefined {
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(word) ? word : `http://${word}`
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : undefined
}
