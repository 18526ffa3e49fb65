/** What the server of a run is told: by the variables of the process, and below them by the options of the plugin. */
import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { SERVICES } from '../../api/hosts.ts'
import { patternOf } from '../../base/text.ts'
import type { Environment } from '../../base/variables.ts'
import { DEFAULT_FILE } from '../../redact/rules.ts'
import { type Config, readConfig } from '../../serve/config.ts'
import type { DeltatapeOptions } from './options.ts'
import type { Network } from './told.ts'

/** What is run with `MODEL_MODE=record` to record what the tests ask. */
export const HOW_TO_RECORD = 'npx vitest run'

/** Variables that are those of the app under test as well, and mean its own server. */
const OF_THE_APP: ReadonlySet<string> = new Set([
  'HOST',
  'PORT',
  'LOG_LEVEL',
  'AUTH_TOKEN',
  'ALLOWED_HOSTS',
  'ALLOWED_ORIGINS',
  'ALLOW_UNPROTECTED',
])

/**
 * Reads what the server is told.
 *
 * @param root the folder of the project: fixtures are looked for from there
 * @throws DeltatapeError `config_invalid`
 */
export function settingsFrom(options: DeltatapeOptions, env: Environment, root: string): Config {
  const given = ownOf(env)
  const named = given.FIXTURES ?? given.FIXTURES_DIR
  const rules = resolve(root, DEFAULT_FILE)
  const config = readConfig({
    ...(existsSync(rules) && { CONFIG_FILE: rules }),
    MODEL_MODE: options.mode,
    REPLAY_PACE: options.pace,
    FAULT: options.fault,
    ...options.env,
    ...given,
    FIXTURES: named ?? shown(resolve(root, options.fixtures ?? 'fixtures')),
    FIXTURES_DIR: undefined,
    PORT: '0',
    LOG_LEVEL: 'info',
  })
  return { ...config, logLevel: config.mode === 'replay' ? 'warn' : 'info', howToRecord: HOW_TO_RECORD }
}

/** Whether a folder of fixtures was asked for: one that nobody named need not be there. */
export const namesFixtures = ({ fixtures }: DeltatapeOptions, env: Environment): boolean =>
  [fixtures, env.FIXTURES, env.FIXTURES_DIR].some((each) => each?.trim())

/** What is set, and meant for this server: where another one stands around this run, its addresses are not those of APIs. */
function ownOf(env: Environment): Environment {
  const outer = URL.canParse(env.DELTATAPE_URL ?? '') ? new URL(env.DELTATAPE_URL ?? '').origin : undefined
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name, value = '']) =>
        value.trim() !== '' && !OF_THE_APP.has(name) && (outer === undefined || !value.startsWith(outer)),
    ),
  )
}

/** A path as it is read best. */
function shown(path: string): string {
  const near = relative(process.cwd(), path)
  return near === '' || near.startsWith('..') ? path : near
}

/** What the network is blocked but for, as the options say. */
export function networkFrom({ blockNetwork, allowHosts = [] }: DeltatapeOptions, mode: string): Network | undefined {
  if (!(blockNetwork ?? mode === 'replay')) return undefined
  const exact = (host: string) => `^${host.replaceAll('.', String.raw`\.`)}$`
  return {
    allowed: allowHosts.map((host) => patternOf(host).source).join('|') || '(?!)',
    apis: SERVICES.map(({ url, hosts }) =>
      [exact(new URL(url).hostname), hosts?.source].filter(Boolean).join('|'),
    ).join('|'),
  }
}
