/** Commands as people are told them: what runs deltatape where they are, in the words of their shell. */
import { forShell } from './shell.ts'
import type { Environment } from './variables.ts'

export type Shell = 'posix' | 'powershell'

/** The shell that people here type into: of Windows PowerShell, but in a shell that says that it is another. */
export const shellIn = (platform: string, env: Environment): Shell =>
  platform === 'win32' && env.SHELL === undefined && env.MSYSTEM === undefined ? 'powershell' : 'posix'

const SHELL = shellIn(process.platform, process.env)

/** A word as a shell takes it, in quotes if it needs them. */
export function wordFor(word: string, shell: Shell = SHELL): string {
  if (shell === 'posix') return forShell(word)
  return /^[\w+:./\\-]+$/.test(word) ? word : inPowerShellQuotes(word)
}

/** PowerShell takes the quotes of typographers for quotes, too: one within a name would end the word. */
const inPowerShellQuotes = (text: string): string => `'${text.replaceAll(/['\u2018-\u201b]/g, '$&$&')}'`

/** What runs the command of a package, by the package manager. */
const RUNNERS = { npm: 'npx', pnpm: 'pnpm exec', yarn: 'yarn', bun: 'bunx' } as const

type Manager = keyof typeof RUNNERS

const isManager = (word: string): word is Manager => Object.hasOwn(RUNNERS, word)

/** The package manager that started a process, by the name with which it tells of itself; npm if there is none. */
export function managerIn(env: Environment): Manager {
  const [name = ''] = /^\w+/.exec(env.npm_config_user_agent ?? '') ?? []
  return isManager(name) ? name : 'npm'
}

/** What installs a package for development, by the package manager. */
const INSTALLERS = { npm: 'npm install -D', pnpm: 'pnpm add -D', yarn: 'yarn add -D', bun: 'bun add -d' } as const

/** What installs a package in the project of whoever started a process. */
export const installing = (name: string, env: Environment = process.env): string =>
  `${INSTALLERS[managerIn(env)]} ${name}`

/** What runs the command of a package for whoever started a process. */
export const runnerIn = (env: Environment): string => RUNNERS[managerIn(env)]

/** What runs the command of a package here. */
export const RUNNER = runnerIn(process.env)

/** `npx deltatape ls 'my fixture'` */
export const deltatape = (...words: readonly string[]): string =>
  [RUNNER, 'deltatape', ...words.map((word) => wordFor(word))].join(' ')

/** What stands for a value that nobody but the user knows. */
const UNKNOWN = '…'

/** A command with variables that are set for it: `MODEL_MODE=record npx deltatape serve`. */
export function withVariables(
  variables: Readonly<Record<string, string>>,
  command: string,
  shell: Shell = SHELL,
): string {
  const set = Object.entries(variables).map(([name, value]) => {
    if (shell === 'powershell') return `$env:${name}=${inPowerShellQuotes(value)};`
    return `${name}=${value === UNKNOWN ? value : forShell(value)}`
  })
  return [...set, command].join(' ')
}

/** A command within a sentence: what is no part of it stands outside of the marks. */
export const marked = (command: string): string => `\`${command}\``
