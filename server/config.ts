/** The environment → Config: read once, checked at the edge, every problem told at once. */
import { z } from 'zod'
import { MAX_TIMER_MS } from './base/clock.ts'
import { DeltatapeError } from './base/errors.ts'
import { isLoopback } from './base/host.ts'
import { PLAN_FORMS, type Plan, parsePlan } from './model/faults.ts'
import { MODES, type Mode } from './model/mode.ts'
import { type Pace, fixed, instant, recorded } from './model/pace.ts'

/** What the process was told. Times are ms, sizes are bytes. */
export interface Config {
  readonly mode: Mode
  readonly apiKey: string | undefined
  /** Whether the server may listen beyond this machine without asking for a token. */
  readonly allowUnprotected: boolean
  /** Whether the server may start without a key, for clients that bring their own. */
  readonly allowClientKey: boolean
  readonly baseURL: string
  /** Who answers upstream, as fixtures name it: the host of `baseURL`. */
  readonly upstream: string
  readonly chatbotModel: string
  readonly port: number
  readonly host: string
  readonly fixturesDir: string
  readonly pace: Pace
  /** The file with the user's own rules of redaction, where it is not the usual one. */
  readonly configFile: string | undefined
  /** The file that tells which fixtures were used. */
  readonly usageLog: string | undefined
  readonly recordFailures: boolean
  /** What breaks every answer on purpose. */
  readonly fault: Plan | undefined
  readonly allowedOrigins: readonly string[]
  readonly allowedHosts: readonly string[]
  /** What every client has to bring, where it is set. */
  readonly authToken: string | undefined
  readonly logLevel: LogLevel
  readonly firstEventTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly turnTimeoutMs: number
  readonly maxInputBytes: number
  readonly maxQueuedTurns: number
  readonly maxConnections: number
  readonly shutdownGraceMs: number
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** A variable: what its text may be, in words and as a schema, and what stands for it where it is absent or empty. */
interface Variable<T> {
  /** What it is for, in one line. */
  readonly about: string
  readonly allowed: string
  readonly fallback: T
  readonly schema: z.ZodType<T, string>
  /** Whether the value must not be shown. */
  readonly secret?: true
  /** Whether it is a 1 or a 0. */
  readonly yesOrNo?: true
}

const variable = <T>(about: string, allowed: string, fallback: T, schema: z.ZodType<T, string>): Variable<T> => ({
  about,
  allowed,
  fallback,
  schema,
})

const oneOf = <const T extends readonly [string, ...string[]]>(about: string, words: T, fallback: T[number]) =>
  variable<T[number]>(about, `one of ${words.join(', ')}`, fallback, z.enum(words))

const whole = (about: string, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER) =>
  variable(
    about,
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`,
    fallback,
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number)
      .pipe(z.number().min(min).max(max)),
  )

const duration = (about: string, fallback: number, min = 1, max = MAX_TIMER_MS) =>
  whole(`${about}, in ms`, fallback, min, max)

/** The longest that Node's fetch waits for anything of its own accord, in ms. */
const MAX_WAIT_MS = 300_000

const text = (about: string, fallback: string) => variable(about, 'some text', fallback, z.string())

const path = (about: string): Variable<string | undefined> => ({
  about,
  allowed: 'the path of a file',
  fallback: undefined,
  schema: z.string(),
})

const flag = (about: string): Variable<boolean> => ({
  about,
  allowed: '1 (yes) or 0 (no)',
  fallback: false,
  schema: z.enum(['0', '1']).transform((word) => word === '1'),
  yesOrNo: true,
})

const list = (about: string, allowed: string, each: z.ZodType<string, string>) =>
  variable<string[]>(
    about,
    `${allowed}, several joined by commas`,
    [],
    z
      .string()
      .transform((words) => words.split(',').map((word) => word.trim()))
      .pipe(z.array(each)),
  )

/** An origin as browsers send it (RFC 6454, 6.2). `null` stands for any sandboxed page, so it can not be let in. */
const origin = z.string().refine((word) => URL.canParse(word) && new URL(word).origin === word)

const hostName = z.string().regex(/^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i)

const pace = z.string().transform((word, context): Pace => {
  if (word === 'instant') return instant
  if (word === 'recorded') return recorded(1)
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(x|ms)$/.exec(word) ?? []
  if (unit === 'x' && Number(amount) > 0) return recorded(Number(amount))
  if (unit === 'ms') return fixed(Number(amount))
  context.addIssue({ code: 'custom' })
  return z.NEVER
})

const plan = z.string().transform((words, context): Plan | undefined => {
  try {
    return parsePlan(words)
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
    context.addIssue({ code: 'custom' })
    return z.NEVER
  }
})

/** A key that an HTTP header can carry; the words must not repeat it. */
const secret = (about: string): Variable<string | undefined> => ({
  about,
  allowed: 'a text of printable characters without spaces (it is not shown)',
  fallback: undefined,
  schema: z.string().regex(/^[\x21-\x7e]+$/),
  secret: true,
})

const address = variable(
  'where the API is',
  'an http or https address without a user name or password',
  'https://api.openai.com/v1',
  z
    .url({ protocol: /^https?$/ })
    .refine((url) => new URL(url).username + new URL(url).password === '')
    .transform((url) => url.replace(/\/+$/, '')),
)

const paces = 'instant, recorded, a speed such as 2x, or a gap such as 15ms'

/** Every variable that is read. */
const table = {
  MODEL_MODE: oneOf('who answers', MODES, 'replay'),
  OPENAI_API_KEY: secret('the key for the API'),
  OPENAI_BASE_URL: address,
  ALLOW_CLIENT_KEY: flag('start without a key, for clients that bring theirs'),
  CHATBOT_MODEL: text('the model that /ws and /ws-stream ask', 'gpt-4.1-mini'),
  PORT: whole('the port to listen on; 0 picks a free one', 3300, 0, 65535),
  HOST: text('the interface to listen on', '127.0.0.1'),
  FIXTURES_DIR: text('where the fixtures are', 'fixtures'),
  CONFIG_FILE: path("a file of one's own rules of redaction, in place of deltatape.config.json"),
  USAGE_LOG: path('a file to which it adds which fixtures were used'),
  REPLAY_PACE: variable('how replay spends the recorded time', paces, instant, pace),
  RECORD_FAILURES: flag('save failed answers too'),
  FAULT: variable('breaks every answer on purpose', PLAN_FORMS, undefined, plan),
  ALLOWED_ORIGINS: list(
    'web pages that are let in, beyond its own',
    'an origin such as http://localhost:5173, never null',
    origin,
  ),
  ALLOWED_HOSTS: list('names that it answers to, beyond its own', 'a host name such as chat.example.com', hostName),
  AUTH_TOKEN: secret('asked of every client'),
  ALLOW_UNPROTECTED: flag('listen beyond this machine without AUTH_TOKEN'),
  LOG_LEVEL: oneOf('how much it tells', LOG_LEVELS, 'info'),
  FIRST_EVENT_TIMEOUT_MS: duration('how long the API may take to its first event', 60_000, 1, MAX_WAIT_MS),
  IDLE_TIMEOUT_MS: duration('how long the API may be silent', 30_000, 1, MAX_WAIT_MS),
  TURN_TIMEOUT_MS: duration('how long an answer of the API may take', 300_000),
  MAX_INPUT_BYTES: whole('how large a message or a body may be', 1024 * 1024, 1, 2 ** 30),
  MAX_QUEUED_TURNS: whole('how many turns of one connection may wait', 64, 0),
  MAX_CONNECTIONS: whole('how many connections may be open', 10_000, 1),
  SHUTDOWN_GRACE_MS: duration('how long turns may go on after the first signal', 3000, 0),
} as const satisfies Record<string, Variable<unknown>>

type Values = { [Name in keyof typeof table]: (typeof table)[Name] extends Variable<infer T> ? T : never }

const variables: { readonly [Name in keyof Values]: Variable<Values[Name]> } = table

/** A variable, for those who show it: its name, what it is for, and what is allowed. */
export type VariableInfo = Pick<Variable<unknown>, 'about' | 'allowed' | 'yesOrNo'> & { readonly name: string }

/** The variables, in the order in which they are shown. */
export const VARIABLES: readonly VariableInfo[] = Object.entries<Variable<unknown>>(table).map(
  ([name, { about, allowed, yesOrNo }]) => ({ name, about, allowed, ...(yesOrNo ? { yesOrNo } : {}) }),
)

/** The variables as an environment holds them. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the configuration. An empty or blank variable counts as absent, as it does for the OpenAI SDK.
 *
 * @throws DeltatapeError `config_invalid`, its message a line for each problem.
 */
export function readConfig(env: Environment): Config {
  const problems: string[] = []
  const read = <Name extends keyof Values>(name: Name): Values[Name] => {
    const { allowed, fallback, schema, secret: hidden } = variables[name]
    const word = env[name]?.trim()
    if (!word) return fallback
    const result = schema.safeParse(word)
    if (result.success) return result.data
    const shown = hidden ? '' : ` (got ${JSON.stringify(word)})`
    problems.push(`${name} must be ${allowed}${shown}.`)
    return fallback
  }
  const baseURL = read('OPENAI_BASE_URL')
  const config: Config = {
    mode: read('MODEL_MODE'),
    apiKey: read('OPENAI_API_KEY'),
    allowUnprotected: read('ALLOW_UNPROTECTED'),
    allowClientKey: read('ALLOW_CLIENT_KEY'),
    baseURL,
    upstream: new URL(baseURL).host,
    chatbotModel: read('CHATBOT_MODEL'),
    port: read('PORT'),
    host: read('HOST'),
    fixturesDir: read('FIXTURES_DIR'),
    configFile: read('CONFIG_FILE'),
    usageLog: read('USAGE_LOG'),
    pace: read('REPLAY_PACE'),
    recordFailures: read('RECORD_FAILURES'),
    fault: read('FAULT'),
    allowedOrigins: read('ALLOWED_ORIGINS'),
    allowedHosts: read('ALLOWED_HOSTS'),
    authToken: read('AUTH_TOKEN'),
    logLevel: read('LOG_LEVEL'),
    firstEventTimeoutMs: read('FIRST_EVENT_TIMEOUT_MS'),
    idleTimeoutMs: read('IDLE_TIMEOUT_MS'),
    turnTimeoutMs: read('TURN_TIMEOUT_MS'),
    maxInputBytes: read('MAX_INPUT_BYTES'),
    maxQueuedTurns: read('MAX_QUEUED_TURNS'),
    maxConnections: read('MAX_CONNECTIONS'),
    shutdownGraceMs: read('SHUTDOWN_GRACE_MS'),
  }
  if (config.mode !== 'replay' && !env.OPENAI_API_KEY?.trim() && !config.allowClientKey) {
    problems.push(
      `OPENAI_API_KEY is missing, and MODEL_MODE=${config.mode} calls the API. Set it, or ALLOW_CLIENT_KEY=1 where clients bring theirs, or MODEL_MODE=replay, which needs none.`,
    )
  }
  if (!isLoopback(config.host) && config.authToken === undefined && !config.allowUnprotected) {
    problems.push(
      `HOST=${config.host} lets other machines in: set AUTH_TOKEN to ask them for it, or ALLOW_UNPROTECTED=1 where the network keeps them out.`,
    )
  }
  if (problems.length > 0) throw new DeltatapeError('config_invalid', problems.join('\n'))
  return config
}
