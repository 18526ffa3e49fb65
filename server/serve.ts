/** One run of the server: configuration, signals, exit code. */
import { readConfig } from './config.ts'
import { DeltatapeError, edgesOf } from './errors.ts'
import { createLog, openOutput } from './log.ts'
import { systemClock } from './pace.ts'
import { createRedactor } from './redact.ts'
import { startServer } from './server.ts'

/** Runs the server until a signal ends it. What a user did wrong is one message and an exit code, without a stack. */
export async function serve(process: NodeJS.Process): Promise<void> {
  try {
    await runServer(process)
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
    process.stderr.write(`deltatape: ${error.message}\n`)
    process.exitCode = edgesOf(error.code).exit ?? 1
  }
}

async function runServer(process: NodeJS.Process): Promise<void> {
  const config = readConfig(process.env)
  const redactor = createRedactor({ 'api-key': config.apiKey })
  // A reader that has left has nobody to tell.
  process.stdout.on('error', () => {})
  const log = createLog({ level: config.logLevel, redactor, stream: await openOutput(process.stdout) })
  const server = await startServer(config, { log, redactor, clock: systemClock })
  log.info(`deltatape listens on ${server.url} (${config.mode})`, { url: server.url, mode: config.mode })

  // Whatever went wrong was one turn's: it must not end those of others.
  process.on('uncaughtException', (error) => log.error('an unexpected error', { error }))
  process.on('unhandledRejection', (error) => log.error('an unexpected error', { error }))

  let signals = 0
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    signals++
    if (signals > 1) return server.close(0)
    log.info(
      `${signal}: shutting down; turns that run get ${config.shutdownGraceMs} ms, a second signal ends them at once`,
    )
    await server.close()
    // Idle connections to the API would keep the process for some seconds.
    process.stdout.write('', () => process.exit(0))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, (name) => void stop(name))
}
