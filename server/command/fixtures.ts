/** The fixtures that a sub-command works on. */
import type { Command } from 'commander'
import type { Config } from '../serve/config.ts'
import { type OpenFixtures, openFixtures } from '../store/index.ts'
import { type Context, addVariables, configFrom, configWithKeys } from './command.ts'

/** The variables that say where fixtures are. */
export const WHERE = ['FIXTURES', 'FIXTURES_CACHE', 'FIXTURES_TIMEOUT_MS'] as const

/** The same, and how they are read. */
const VARIABLES = [...WHERE, 'CONFIG_FILE'] as const

/** Adds the flags that say where the fixtures are. */
export const addFixtures = (command: Command): Command => addVariables(command, ...VARIABLES)

/**
 * Opens the fixtures that flags and variables name.
 *
 * @throws DeltatapeError `config_invalid`
 */
export const fixturesOf = (command: Command, { env, clock, terminal }: World): OpenFixtures =>
  openFixtures(looking(configFrom(command, env, ...VARIABLES)), clock, { warn: terminal.tell })

/** The same, with the configured secrets known: they are found wherever they stand. */
export const fixturesWithSecrets = (command: Command, { env, clock, terminal }: World): OpenFixtures =>
  openFixtures(looking(configWithKeys(command, env, ...VARIABLES, 'OPENAI_API_KEY', 'AUTH_TOKEN')), clock, {
    warn: terminal.tell,
  })

type World = Pick<Context, 'env' | 'clock' | 'terminal'>

/** Whoever looks at fixtures wants some to be there, in whichever folder. */
const looking = (config: Config): Config => ({ ...config, fixturesNamed: true })
