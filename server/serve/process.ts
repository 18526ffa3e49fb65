/** One run of the server: configuration, signals, exit code. */
import { inspect } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { DeltatapeError, EXIT, edgesOf } from '../base/errors.ts'
import { inQuotes } from '../base/shell.ts'
import { printableLines } from '../base/text.ts'
import type { Environment } from '../base/variables.ts'
import { type Config, readConfig } from './config.ts'
import { addressesFor, keysMissing } from './services.ts'
import { ownMemory, tidyWhenQuiet } from './heap.ts'
import { type Output, openOutput } from './log.ts'
import { type Started, startWith } from './start.ts'

/**
 * Does some work. What a user did wrong becomes one message and an exit code, without a stack; what nobody expected has
 * one. No control character of either reaches the terminal.
 */
export async function withExitCode(process: NodeJS.Process, work: () => Promise<void>): Promise<void> {
  // Its reader may have left, or its disk may be full: then the exit code alone tells.
  process.stderr.on('error', () => {})
  try {
    await work()
  } catch (error) {
    const isTold = error instanceof DeltatapeError
    process.stderr.write(`deltatape: ${printableLines(isTold ? error.message : inspect(error))}\n`)
    process.exitCode = (isTold ? edgesOf(error.code).exit : undefined) ?? EXIT.notStarted
  }
}

interface Starting {
  /** Called when there is much garbage of what clients sent. */
  readonly tidy?: (() => void) | undefined
  /** What starts the same server, if flags were given. */
  readonly howToRecord?: ((config: Config) => string) | undefined
}

/**
 * Starts the server that an environment describes, with its log on `output`.
 *
 * @throws DeltatapeError `config_invalid`, `fixtures_unusable`, `usage_unusable` or `listen_failed`
 */
export async function startFrom(
  env: Environment,
  output: Output,
  { tidy, howToRecord }: Starting = {},
): Promise<Started> {
  const read = readConfig(env)
  const started = await startWith({ ...read, howToRecord: howToRecord?.(read) }, await openOutput(output), tidy)
  const { config, log, server } = started
  // Whoever sits there can look at it; other readers of the log know the address.
  if (output.isTTY && config.page) {
    log.info(`Look at the recordings: ${reachedAt(config.host, new URL(server.url).port)}/`)
  }
  return started
}

/**
 * The lines for a shell that let SDKs find the server which this environment describes.
 *
 * @throws DeltatapeError `config_invalid`, also if the port is not known yet
 */
export function printedEnvironment(env: Environment): readonly string[] {
  const config = readConfig(env)
  if (config.port === 0) {
    throw new DeltatapeError(
      'config_invalid',
      'PORT=0 picks a port at the start: set another one to print variables for it.',
    )
  }
  const told = { ...addressesFor(reachedAt(config.host, config.port), config), ...keysMissing(env, config.authToken) }
  return Object.entries(told).map(([name, value]) => `export ${name}=${inQuotes(value)}`)
}

/** Where programs of this machine reach a server that listens on a host. */
export function reachedAt(host: string, port: number | string): string {
  const reached = /^(?:0\.0\.0\.0|::)$/.test(host) ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** Starts the server for which this process is there: its memory is kept small, and no unexpected error ends it. */
export async function startAs(
  process: NodeJS.Process,
  start: (tidy: () => void) => Promise<Started>,
): Promise<Started> {
  const memory = ownMemory()
  const started = await start(memory.tidy)
  tidyWhenQuiet(memory, systemClock)
  // An error that nobody caught belongs to one turn: it must not end the turns of others.
  process.on('uncaughtException', (error) => started.log.error('an unexpected error', { error }))
  process.on('unhandledRejection', (error) => started.log.error('an unexpected error', { error }))
  return started
}

/** A second signal within this time is the first one again: Ctrl-C reaches npm and what it runs, and npm passes it on. */
const ECHO_MS = 200

/** How long a reader of the log may take to read its last lines, in ms. */
const LAST_LINES_MS = 500

/**
 * Runs the server that the environment describes until a signal ends it.
 *
 * @param howToRecord what starts the same server, if flags were given
 */
export async function serve(
  process: NodeJS.Process,
  env: Environment,
  howToRecord?: (config: Config) => string,
): Promise<void> {
  // The reader of our output may leave. The server goes on.
  process.stdout.on('error', () => {})
  const { server, config, log } = await startAs(process, (tidy) =>
    startFrom(env, process.stdout, { tidy, howToRecord }),
  )

  const echoMs = env.npm_lifecycle_event === undefined ? 0 : ECHO_MS
  let first: number | undefined
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (first !== undefined) return systemClock.now() - first < echoMs ? undefined : server.close(0)
    first = systemClock.now()
    log.info(
      `${signal}: shutting down; turns that run get ${config.shutdownGraceMs} ms, a second signal ends them at once`,
    )
    await server.close()
    // Idle connections to the API would keep the process for some seconds. It ends after its last lines are written.
    const exit = () => process.exit(EXIT.fine)
    systemClock.soon(() => process.stdout.write('', exit))
    // Nobody may be reading them.
    systemClock.timer(LAST_LINES_MS, exit)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, (name) => void stop(name))
}
