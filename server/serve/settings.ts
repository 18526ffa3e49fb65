/** What a project says of deltatape where it uses it: in the code of its tests, or in the file of another tool. */
import { z } from 'zod'
import { DeltatapeError } from '../base/errors.ts'
import { parseObject } from '../base/json.ts'
import type { Environment } from '../base/variables.ts'
import { type Config, type Options, SETTINGS, configOf, readConfig } from './config.ts'

export interface Settings extends Options {
  /** Where the fixtures are: `fixturesDir` in short. */
  readonly fixtures?: string | undefined
  /** The model that the chat endpoints ask: `chatbotModel` in short. */
  readonly model?: string | undefined
}

/** Variables that an app and its tests have for themselves, and that mean its own server. */
const OF_THE_APP: ReadonlySet<string> = new Set([
  'HOST',
  'PORT',
  'PAGE',
  'METRICS',
  'LOG_LEVEL',
  'AUTH_TOKEN',
  'ALLOWED_HOSTS',
  'ALLOWED_ORIGINS',
  'ALLOW_UNPROTECTED',
])

/** Settings that are no variables. */
const BESIDE: ReadonlySet<string> = new Set(['howToRecord', 'baseURLs', 'keys', 'proxies'])

/**
 * The configuration that settings and an environment make. A variable counts before a setting, so that a word at the start
 * of a command records: `MODEL_MODE=record npm test`.
 *
 * @throws DeltatapeError `config_invalid`, its message a line for each problem
 */
export function configFrom({ fixtures, model, ...settings }: Settings, env: Environment): Config {
  const unknown = Object.keys(settings).filter((name) => !Object.hasOwn(SETTINGS, name) && !BESIDE.has(name))
  if (unknown.length > 0) throw noSetting(unknown)
  const own = meantForUs(env)
  const given: Options = {
    ...settings,
    ...(fixtures === undefined ? {} : { fixturesDir: fixtures }),
    ...(model === undefined ? {} : { chatbotModel: model }),
  }
  const said = readConfig(own)
  const free = Object.entries(given).filter(([member, value]) => value !== undefined && !isSaid(member, own))
  const fixturesNamed = said.fixturesNamed || given.fixturesDir !== undefined
  return configOf({ ...said, ...Object.fromEntries(free), fixturesNamed })
}

const isSaid = (member: string, env: Environment): boolean => {
  const { name = '', formerly = '' } = SETTINGS[member] ?? {}
  return [name, formerly].some((each) => Boolean(env[each]?.trim()))
}

/**
 * The variables that are not the app's, and no addresses of a deltatape that stands around this process: those are where
 * programs find that one, and no API's. In their place stands what that one was told.
 */
function meantForUs(env: Environment): Environment {
  const around = env.DELTATAPE_URL ?? ''
  const origin = URL.canParse(around) ? new URL(around).origin : undefined
  const isMeant = ([name, value = '']: [string, string | undefined]) =>
    !OF_THE_APP.has(name) && (origin === undefined || !value.startsWith(origin))
  const set = Object.entries(env).filter(([, value = '']) => value.trim() !== '')
  return {
    ...aroundSchema.parse(parseObject(env.DELTATAPE_AROUND ?? '') ?? {}),
    ...Object.fromEntries(set.filter(isMeant)),
  }
}

const aroundSchema = z.record(z.string(), z.string()).catch({})

const noSetting = (names: readonly string[]) =>
  new DeltatapeError(
    'config_invalid',
    `${names.join(', ')}: there is no such setting. There are fixtures, model, ${Object.keys(SETTINGS).join(', ')}, howToRecord.`,
  )
