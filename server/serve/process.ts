/** One run of the server: configuration, signals, exit code. */
import { systemClock } from '../base/clock.ts'
import { DeltatapeError, edgesOf } from '../base/errors.ts'
import { type Config, type Environment, readConfig } from '../config.ts'
import { createRedactor, secretsOf } from '../redact/redactor.ts'
import { readRules } from '../redact/rules.ts'
import { ownMemory, tidyWhenQuiet } from './heap.ts'
import { type Log, type Output, createLog, openOutput } from './log.ts'
import { type RunningServer, startServer } from './server.ts'

/** Does some work. What a user did wrong becomes one message and an exit code, without a stack. */
export async function withExitCode(process: NodeJS.Process, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
    process.stderr.write(`deltatape: ${error.message}\n`)
    process.exitCode = edgesOf(error.code).exit ?? 1
  }
}

/** Starts the server that an environment describes, with its log on `output`. */
export async function startFrom(
  env: Environment,
  output: Output,
): Promise<{ readonly server: RunningServer; readonly config: Config; readonly log: Log }> {
  const config = readConfig(env)
  const redactor = createRedactor(secretsOf(config), readRules(config.configFile))
  const log = createLog({ level: config.logLevel, redactor, stream: await openOutput(output) })
  const server = await startServer(config, { log, redactor, clock: systemClock })
  log.announce(`deltatape listens on ${server.url} (${config.mode})`, { url: server.url, mode: config.mode })
  return { server, config, log }
}

/** Ctrl-C reaches npm and what it runs; npm passes it on, so that it comes twice. */
const ECHO_MS = 200

/** Runs the server that the environment describes until a signal ends it. */
export async function serve(process: NodeJS.Process, env: Environment): Promise<void> {
  // A reader that has left has nobody to tell.
  process.stdout.on('error', () => {})
  const { server, config, log } = await startFrom(env, process.stdout)
  tidyWhenQuiet(ownMemory(), systemClock)

  // Whatever went wrong was one turn's: it must not end those of others.
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
    // Idle connections to the API would keep the process for some seconds. The last lines come first.
    setImmediate(() => process.stdout.write('', () => process.exit(0)))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, (name) => void stop(name))
}
