/** What the sub-commands share: the context they run in, and the variables as flags. */
import { Command, Option } from 'commander'
import { SERVICES } from '../api/hosts.ts'
import type { Clock } from '../base/clock.ts'
import { printable } from '../base/text.ts'
import { type VariableInfo, narrowed, overlaid } from '../base/variables.ts'
import type { Environment } from '../base/variables.ts'
import { type Config, VARIABLES, readConfig } from '../serve/config.ts'
import type { EndingWord } from '../fixture/summary.ts'
import { flagsFor, placeOf } from '../store/place.ts'
import type { Store } from '../store/store.ts'
import type { Terminal } from './terminal.ts'

/** Everything of the world that a sub-command may touch, beside the files that it is told of. */
export interface Context {
  readonly env: Environment
  readonly terminal: Terminal
  readonly clock: Clock
  /** Takes Ctrl-C, which would end the process, and gives the signal that it aborts instead. */
  interrupted(): AbortSignal
  /** Says how the process is to end. If several say it, the highest code counts. */
  exit(code: number): void
  /** Has something done when the sub-command has come to its end, whatever that is. */
  atEnd(work: () => Promise<void>): void
}

/** Makes a sub-command: its arguments, its flags, its help, and what it does. */
export type Define = (context: Context) => Command

/** Flags that people guess, beside the one that a variable's name gives. */
const SHORTER: Readonly<Record<string, string>> = {
  MODEL_MODE: '--mode',
  CONFIG_FILE: '--config',
  REPLAY_PACE: '--pace',
  CHATBOT_MODEL: '--model',
  OPENAI_API_KEY: '--api-key',
  OPENAI_BASE_URL: '--base-url',
}

const flagOf = (variable: string): string => `--${variable.toLowerCase().replaceAll('_', '-')}`

/** The flags of a variable; commander keeps its value under the last one. */
const flagsOf = ({ name, formerly }: VariableInfo): string[] =>
  [SHORTER[name] ?? (formerly === undefined ? undefined : flagOf(formerly)), flagOf(name)].filter(
    (flag) => flag !== undefined,
  )

/** Adds a flag for each of these variables, or for all if none is named. */
export function addVariables(command: Command, ...names: readonly string[]): Command {
  for (const variable of VARIABLES) {
    const { name, about, allowed, yesOrNo } = variable
    if (names.length > 0 && !names.includes(name)) continue
    const value = yesOrNo ? '[1|0]' : '<value>'
    const option = new Option(`${flagsOf(variable).join(', ')} ${value}`, `${about}: ${allowed} (${name})`)
    command.addOption(yesOrNo ? option.preset('1') : option)
  }
  return command
}

/** The variables that were given as flags, and their values. */
function givenIn(command: Command): readonly (readonly [variable: VariableInfo, value: string])[] {
  const options: Record<string, unknown> = command.opts()
  return VARIABLES.flatMap((variable) => {
    const value =
      options[
        flagOf(variable.name)
          .slice(2)
          .replaceAll(/-./g, (dash) => dash.slice(1).toUpperCase())
      ]
    return typeof value === 'string' ? [[variable, value] as const] : []
  })
}

/** The environment, and over it what was given as flags. */
export const environmentOf = (command: Command, env: Environment): Environment =>
  overlaid(VARIABLES, env, Object.fromEntries(givenIn(command).map(([{ name }, value]) => [name, value])))

/** The flags of these variables that were given, as words to give again, without the password of an address. */
export const flagsIn = (command: Command, names: readonly string[]): readonly string[] =>
  givenIn(command).flatMap(([variable, value]) =>
    names.includes(variable.name) ? [...flagsOf(variable).slice(-1), placeOf(value)] : [],
  )

/** What has to be said again when a command is given again to record, beside where the fixtures are and their rules. */
const FOR_RECORDING = ['UPSTREAMS', 'OPENAI_BASE_URL', 'CHATBOT_MODEL', 'RECORD_TAKES', 'PORT', 'HOST']

/** The flags of a command that is to record what this one misses. */
export const saidAgain = (command: Command, { fixturesDir, configFile }: Config): readonly string[] => [
  ...flagsFor(fixturesDir, configFile),
  ...flagsIn(command, FOR_RECORDING),
]

/**
 * The configuration that these variables make, given as flags or not. The others are left aside: a sub-command that does
 * not use them does not care what is wrong with them.
 *
 * @throws DeltatapeError `config_invalid`
 */
export const configFrom = (command: Command, env: Environment, ...names: readonly string[]): Config =>
  readConfig(narrowed(VARIABLES, environmentOf(command, env), names))

/** The same, with the keys for all APIs. */
export const configWithKeys = (command: Command, env: Environment, ...names: readonly string[]): Config =>
  readConfig({ ...servicesIn(env), ...narrowed(VARIABLES, environmentOf(command, env), names) })

/** The variables that say where the services of APIs are, and the keys for them. */
const SERVICE_VARIABLES = SERVICES.flatMap(({ addresses, keys }) => [...addresses, ...keys])

/** Where the APIs are, and the keys for them: variables that are no flags. */
export const servicesIn = (env: Environment): Environment =>
  Object.fromEntries(SERVICE_VARIABLES.map((name) => [name, env[name]]))

/** The colour of an ending: good, cut short, or bad. */
export function endingStyle(ending: EndingWord | 'damaged'): 'green' | 'yellow' | 'red' {
  if (ending === 'completed') return 'green'
  return ending === 'incomplete' ? 'yellow' : 'red'
}

/** A fixture as it is shown: its path, as the directory is configured, or its address. */
export const shownPath = ({ pathOf }: Pick<Store, 'pathOf'>, name: string): string => printable(pathOf(name))
