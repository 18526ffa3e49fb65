/** The command that is run: its terminal is this one, its signals are passed on, and its exit code is told. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { RUNNER, deltatape, marked } from '../../base/command-line.ts'
import { systemCode } from '../../base/errors.ts'
import type { Environment } from '../../base/variables.ts'

/** As shells have it. */
const CODES = { notExecutable: 126, notFound: 127, signal: 128 } as const

/** How a command ended. */
export interface Ended {
  readonly code: number
  /** Why it could not be started. */
  readonly problem?: string
}

/** Signals that whoever ends this process means for the command. */
const PASSED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const

/** Those of a key. A terminal sends them to all processes that it shows, the command among them. */
const OF_KEYS = ['SIGINT', 'SIGQUIT', 'SIGBREAK'] as const

/** What is asked of a process that runs a command. */
export interface Signalled {
  readonly platform: NodeJS.Platform
  on(signal: NodeJS.Signals, act: (signal: NodeJS.Signals) => void): unknown
}

/** Runs a command to its end. From here on no signal ends this process. */
export function runCommand(words: readonly string[], env: Environment, process: Signalled): Promise<Ended> {
  const windows = process.platform === 'win32'
  const [file = '', ...args] = windows ? [words.map(forCmd).join(' ')] : words
  const ended = Promise.withResolvers<Ended>()
  let child: ChildProcess
  try {
    child = spawn(file, args, { stdio: 'inherit', env, shell: windows })
  } catch (error) {
    // Some of what the system refuses is thrown: a path through a file, a line that is too long, an empty word.
    return Promise.resolve(whyNot(words, error))
  }
  const pass = (signal: NodeJS.Signals) => void child.kill(signal)
  for (const signal of PASSED) process.on(signal, pass)
  for (const signal of OF_KEYS) process.on(signal, hasTerminal() ? () => {} : pass)
  child.on('error', (error) => {
    // A signal that cannot be sent, as to a command of another user, is no end.
    if (child.pid === undefined) ended.resolve(whyNot(words, error))
  })
  child.once('exit', (code, signal) =>
    ended.resolve({ code: signal ? CODES.signal + (constants.signals[signal] ?? 0) : (code ?? 0) }),
  )
  return ended.promise
}

const hasTerminal = (): boolean => [0, 1, 2].some((stream) => isatty(stream))

/** A word as `cmd` takes it: commands of npm are scripts there, and start in no other way. */
const forCmd = (word: string): string =>
  /^[\w./:=@\\-]+$/.test(word) ? word : `"${word.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/(\\+)$/, '$1$1')}"`

/** What the system says of a command that is not there. An empty word names none. */
const NO_SUCH: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ERR_INVALID_ARG_VALUE'])

const WHY_NOT: Readonly<Record<string, string>> = {
  EACCES: 'it is not executable (chmod +x makes it so)',
  E2BIG: 'its words and the variables of its environment are too long for this system',
}

function whyNot([file = '', ...args]: readonly string[], error: unknown): Ended {
  const code = systemCode(error)
  if (!NO_SUCH.has(code)) {
    const why = WHY_NOT[code ?? ''] ?? (error instanceof Error ? error.message : String(error))
    return { code: CODES.notExecutable, problem: `${JSON.stringify(file)} cannot be run: ${why}.` }
  }
  const isLine = args.length === 0 && /\s/.test(file)
  const hint = isLine
    ? `Write its words one by one (${marked(`${deltatape('run', '--')} ${file}`)}), or give the line to a shell (${marked(deltatape('run', '--', 'sh', '-c', file))}).`
    : `Is it installed, and in PATH? Commands of npm packages are found by ${deltatape()}, or as ${RUNNER} <command>.`
  return { code: CODES.notFound, problem: `${JSON.stringify(file)} cannot be run: there is no such command. ${hint}` }
}
