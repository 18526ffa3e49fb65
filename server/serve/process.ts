/** One run of the server: configuration, signals, exit code. */
import { inspect } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { DeltatapeError, EXIT, edgesOf } from '../base/errors.ts'
import { printableLines } from '../base/text.ts'
import type { Environment } from '../base/variables.ts'
import { type Config, readConfig } from './config.ts'
import { openFixtures } from '../store/index.ts'
import { ownMemory, tidyWhenQuiet } from './heap.ts'
import { type Log, type Output, createLog, openOutput } from './log.ts'
import { type RunningServer, startServer } from './server.ts'

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

/**
 * Starts the server that an environment describes, with its log on `output`.
 *
 * @throws DeltatapeError `config_invalid`, `fixtures_unusable`, `usage_unusable` or `listen_failed`
 */
export async function startFrom(
  env: Environment,
  output: Output,
): Promise<{ readonly server: RunningServer; readonly config: Config; readonly log: Log }> {
  const config = readConfig(env)
  const { store, redactor } = openFixtures(config, systemClock)
  const log = createLog({ level: config.logLevel, redactor, stream: await openOutput(output) })
  const server = await startServer(config, { log, store, redactor, clock: systemClock })
  log.announce(`deltatape listens on ${server.url} (${config.mode})`, { url: server.url, mode: config.mode })
  if (config.mode !== 'replay' && config.apiKey === undefined) {
    log.warn(
      `OPENAI_API_KEY is not set, and MODEL_MODE=${config.mode} calls the API. Clients that bring a key of their own are served; others are refused.`,
    )
  }
  return { server, config, log }
}

/** A second signal within this time is the first one again: Ctrl-C reaches npm and what it runs, and npm passes it on. */
const ECHO_MS = 200

/** Runs the server that the environment describes until a signal ends it. */
export async function serve(process: NodeJS.Process, env: Environment): Promise<void> {
  // The reader of our output may leave. The server goes on.
  process.stdout.on('error', () => {})
  const { server, config, log } = await startFrom(env, process.stdout)
  tidyWhenQuiet(ownMemory(), systemClock)

  // An error that nobody caught belongs to one turn: it must not end the turns of others.
  process.on('uncaughtException', (error) => log.error('an unexpected error', { error }))
  process.on('unhandledRejection', (error) => log.error('an unexpected error', { error }))

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
    systemClock.soon(() => process.stdout.write('', () => process.exit(EXIT.fine)))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, (name) => void stop(name))
}
