/** What the sub-commands share: the context they run in, and the variables as flags. */
import { Command, Option } from 'commander'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { printable } from '../base/text.ts'
import { type Config, type Environment, VARIABLES, readConfig } from '../config.ts'
import type { EndingWord } from '../fixture/summary.ts'
import type { Terminal } from './terminal.ts'

/** 0: fine. 1: it found what it looks for. 2: it could not look. */
export type ExitCode = 0 | 1 | 2

/** Everything of the world that a sub-command may touch, beside the files that it is told of. */
export interface Context {
  readonly env: Environment
  readonly terminal: Terminal
  readonly clock: Clock
  /** Takes Ctrl-C, which ends the process otherwise, and gives the signal that it aborts. */
  interrupted(): AbortSignal
  /** Says how the process is to end; of several the highest counts. */
  exit(code: ExitCode): void
}

/** Makes a sub-command: its arguments, its flags, its help, and what it does. */
export type Define = (context: Context) => Command

/** Flags that people guess, beside the one that a variable's name gives. */
const SHORTER: Readonly<Record<string, string>> = {
  MODEL_MODE: '--mode',
  FIXTURES_DIR: '--fixtures',
  CONFIG_FILE: '--config',
  REPLAY_PACE: '--pace',
  CHATBOT_MODEL: '--model',
  OPENAI_API_KEY: '--api-key',
  OPENAI_BASE_URL: '--base-url',
}

const nameOfFlag = (variable: string): string => variable.toLowerCase().replaceAll('_', '-')

/** Adds a flag for each of these variables; without names for every one. */
export function addVariables(command: Command, ...names: readonly string[]): Command {
  for (const { name, about, allowed, yesOrNo } of VARIABLES) {
    if (names.length > 0 && !names.includes(name)) continue
    const flags = [SHORTER[name], `--${nameOfFlag(name)}`].filter((flag) => flag !== undefined).join(', ')
    const option = new Option(`${flags} ${yesOrNo ? '[1|0]' : '<value>'}`, `${about}: ${allowed} (${name})`)
    command.addOption(yesOrNo ? option.preset('1') : option)
  }
  return command
}

/** The environment, and over it what was given as flags. */
export function environmentOf(command: Command, env: Environment): Environment {
  const options: Record<string, unknown> = command.opts()
  const given = VARIABLES.flatMap(({ name }) => {
    const value = options[nameOfFlag(name).replaceAll(/-./g, (dash) => dash.slice(1).toUpperCase())]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return { ...env, ...Object.fromEntries(given) }
}

/**
 * The configuration that these variables make, given as flags or not. What the others hold is left aside: it is of no
 * matter to a sub-command that does not use them.
 *
 * @throws DeltatapeError `config_invalid`
 */
export function configFrom(command: Command, env: Environment, ...names: readonly string[]): Config {
  const given = Object.entries(environmentOf(command, env)).filter(([name]) => names.includes(name))
  return readConfig(Object.fromEntries(given))
}

/** The colour of how an answer ended: a good end, one cut short, a bad one. */
export function endingStyle(ending: EndingWord | 'damaged'): 'green' | 'yellow' | 'red' {
  if (ending === 'completed') return 'green'
  return ending === 'incomplete' ? 'yellow' : 'red'
}

/** A fixture as it is shown: its path, as the directory is configured. */
export const shownPath = (dir: string, name: string): string => printable(join(dir, name))
