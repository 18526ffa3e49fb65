/** What the server of a run is told: by the variables of the process, and below them by the options of the plugin. */
import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { SERVICES } from '../../api/hosts.ts'
import { RUNNER } from '../../base/command-line.ts'
import { patternOf } from '../../base/text.ts'
import type { Environment } from '../../base/variables.ts'
import { DEFAULT_FILE } from '../../redact/rules.ts'
import type { Config } from '../../serve/config.ts'
import { keysMissing, keysReplaced } from '../../serve/services.ts'
import { configFrom } from '../../serve/settings.ts'
import { isAddress, schemeOf } from '../../store/place.ts'
import type { DeltatapeOptions } from './options.ts'
import type { Network } from './told.ts'

/** What is run with `MODEL_MODE=record` to record what the tests ask. */
export const HOW_TO_RECORD = `${RUNNER} vitest run`

/**
 * Reads what the server is told.
 *
 * @param root the folder of the project: fixtures and rules are looked for from there
 * @throws DeltatapeError `config_invalid`
 */
export function settingsFrom(options: DeltatapeOptions, env: Environment, root: string): Config {
  const { blockNetwork: _block, allowHosts: _hosts, misses: _misses, unused: _unused, env: more, ...settings } = options
  const folder = settings.fixtures ?? settings.fixturesDir
  const { fixturesCache: cache } = settings
  const named = {
    ...(folder === undefined ? {} : { fixtures: fromRoot(root, folder) }),
    ...(cache === undefined ? {} : { fixturesCache: fromRoot(root, cache) }),
  }
  const rules = resolve(root, DEFAULT_FILE)
  const variables = { ...(existsSync(rules) && { CONFIG_FILE: rules }), ...more, ...withoutBlanks(env) }
  const config = configFrom({ howToRecord: HOW_TO_RECORD, ...settings, ...named }, variables)
  return {
    ...config,
    fixturesDir: config.fixturesNamed ? config.fixturesDir : fromRoot(root, config.fixturesDir),
    port: 0,
    logLevel: config.mode === 'replay' ? 'warn' : 'info',
  }
}

/** What is blank is not set: it hides nothing. */
const withoutBlanks = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value = '']) => value.trim() !== ''))

/**
 * The variables for keys in replay: none is of use, and each program has one. Those of AWS sign, and open nothing: they
 * are left out where fixtures are on S3, as this process finds its way there by them.
 */
export const keysFor = (env: Environment, { fixturesDir }: Pick<Config, 'fixturesDir'>): Record<string, string> => ({
  ...keysMissing(env),
  ...keysReplaced(env),
  ...(schemeOf(fixturesDir) === 's3:' ? {} : awsFor(env)),
})

const awsFor = (env: Environment): Record<string, string> => ({
  ...(env.AWS_ACCESS_KEY_ID || env.AWS_PROFILE ? {} : { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' }),
  ...(env.AWS_REGION || env.AWS_DEFAULT_REGION ? {} : { AWS_REGION: 'us-east-1' }),
})

/** A folder of the project, as it is read best. The address of an engine is one from anywhere. */
function fromRoot(root: string, folder: string): string {
  if (isAddress(folder)) return folder
  const path = resolve(root, folder)
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
