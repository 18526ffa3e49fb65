/** promptfoo's hooks: a server for as long as the eval runs, where none is there already. */
import { readConfig, type Config } from '../../serve/config.ts'
import { DeltatapeError, systemCode } from '../../base/errors.ts'
import type { RunningServer } from '../../serve/server.ts'
import { openOutput } from '../../serve/log.ts'
import { startWith } from '../../serve/start.ts'
import { commandIn } from './command.ts'

interface Test {
  readonly metadata?: Readonly<Record<string, unknown>>
}

interface Context {
  readonly suite?: { readonly tests?: readonly Test[] }
  readonly test?: Test
}

let server: RunningServer | undefined

/** Called by promptfoo at each point of an eval; what it returns takes the place of the context. */
export async function extensionHook(name: string, context: Context): Promise<Context | undefined> {
  switch (name) {
    case 'beforeAll': {
      const { mode } = await makeSureOfServer(process.env)
      return { ...context, suite: { ...context.suite, tests: testsFor(mode, context.suite?.tests ?? []) } }
    }
    case 'beforeEach':
      return { test: { ...context.test, metadata: { ...context.test?.metadata, startedAt: performance.now() } } }
    case 'afterAll':
      await server?.close(0)
      return undefined
    default:
      return undefined
  }
}

/** The API itself cannot be told to fail: what is marked `only: replay` is left out where it is called. */
const testsFor = (mode: string, tests: readonly Test[]): Test[] =>
  tests.filter(({ metadata }) => metadata?.only === undefined || metadata.only === mode)

/** Starts a server unless one answers; gives the mode of the one that will. */
async function makeSureOfServer(env: NodeJS.ProcessEnv): Promise<{ mode: string }> {
  // The eval's target is on this machine, whatever else the server may listen on.
  const here = { ...env, HOST: '127.0.0.1' }
  const config = readConfig(here)
  const answering = await modeThere(config, env)
  if (answering !== undefined) return { mode: answering }
  // What a replay has to say is in the results; what was recorded is not.
  const level = config.mode === 'replay' ? 'error' : 'info'
  const howToRecord = commandIn(process.argv, env)
  const started = readConfig({ ...here, LOG_LEVEL: env.LOG_LEVEL || level })
  ;({ server } = await startWith({ ...started, howToRecord }, await openOutput(process.stderr)))
  return config
}

/**
 * The mode of the server on the eval's port, or undefined where nobody answers.
 *
 * @throws DeltatapeError where something else answers there, or a server in another mode than was asked for
 */
export async function modeThere({ port, mode }: Config, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const advice = 'Stop it, or set PORT to another.'
  if (port === 0)
    throw new DeltatapeError('config_invalid', 'The eval has to know the port: set PORT to another than 0.')
  const response = await ask(port)
  if (response === undefined) return undefined
  const [, answering] = /^\S+ (\w+)$/.exec(response.headers.get('x-deltatape') ?? '') ?? []
  if (answering === undefined) {
    throw new DeltatapeError('listen_failed', `Something that is no deltatape answers on port ${port}. ${advice}`)
  }
  if (env.MODEL_MODE && answering !== mode) {
    const there = `The deltatape on port ${port} is in ${answering} mode, and this eval wants ${mode}.`
    throw new DeltatapeError('listen_failed', `${there} ${advice}`)
  }
  return answering
}

async function ask(port: number): Promise<Response | undefined> {
  try {
    return await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(5000) })
  } catch (error) {
    if (systemCode(error) === 'ECONNREFUSED') return undefined
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw new DeltatapeError('listen_failed', `What is on port ${port} cannot be asked: ${why}. Set PORT to another.`, {
      cause: error,
    })
  }
}
