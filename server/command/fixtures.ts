/** The fixtures that a sub-command works on. */
import type { Command } from 'commander'
import type { Config } from '../serve/config.ts'
import { describeIgnored } from '../store/ignored.ts'
import { type OpenFixtures, openFixtures } from '../store/index.ts'
import type { Store } from '../store/store.ts'
import { type Context, addVariables, configFrom, configWithKeys, flagsIn } from './command.ts'
import type { Terminal } from './terminal.ts'

/** The variables that say where fixtures are. */
export const WHERE = ['FIXTURES', 'FIXTURES_CACHE', 'FIXTURES_TIMEOUT_MS'] as const

/** The same, and how they are read. */
const VARIABLES = [...WHERE, 'CONFIG_FILE'] as const

/** Adds the flags that say where the fixtures are. */
export const addFixtures = (command: Command): Command => addVariables(command, ...VARIABLES)

/** Opens fixtures for as long as a sub-command runs. Throws `config_invalid`. */
export function openFor(config: Config, { clock, atEnd }: Context): OpenFixtures {
  const opened = openFixtures(config, clock)
  const { store } = opened
  atEnd(async () => {
    await store.linked()
    await store.close()
  })
  return opened
}

/**
 * Opens the fixtures that flags and variables name.
 *
 * @throws DeltatapeError `config_invalid`
 */
export const fixturesOf = (command: Command, context: Context): OpenFixtures =>
  openFor(looking(configFrom(command, context.env, ...VARIABLES)), context)

/** The same, with the configured secrets known: they are found wherever they stand. */
export const fixturesWithSecrets = (command: Command, context: Context): OpenFixtures =>
  openFor(looking(configWithKeys(command, context.env, ...VARIABLES, 'OPENAI_API_KEY', 'AUTH_TOKEN')), context)

/** The flags that name the same fixtures, to be put behind another command: `--fixtures s3://bucket/prefix`. */
export function sameFixtures(command: Command, { flags }: OpenFixtures['store']): readonly string[] {
  const given = flagsIn(command, VARIABLES)
  return given.length > 0 ? given : flags
}

/** Whoever looks at fixtures wants some to be there, in whichever folder. */
const looking = (config: Config): Config => ({ ...config, fixturesNamed: true })

/** Tells those who have written fixtures that git ignores them, if it does. */
export async function tellIgnored(
  { dir }: Pick<Store, 'dir'>,
  names: readonly string[],
  terminal: Pick<Terminal, 'tell'>,
): Promise<void> {
  const ignored = dir === undefined ? undefined : await describeIgnored(dir, names)
  if (ignored !== undefined) terminal.tell(`deltatape: ${ignored}`)
}
