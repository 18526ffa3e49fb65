/** promptfoo's hooks: a server for as long as the eval runs, where none is there already. */
import { readConfig, type Config } from '../../server/config.ts'
import { DeltatapeError, systemCode } from '../../server/errors.ts'
import type { RunningServer } from '../../server/server.ts'
import { startFrom } from '../../server/serve.ts'

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
  const answering = await whoAnswers(config)
  if (answering === undefined) {
    // What a replay has to say is in the results; what was recorded is not.
    const level = config.mode === 'replay' ? 'error' : 'info'
    ;({ server } = await startFrom({ ...here, LOG_LEVEL: env.LOG_LEVEL || level }, process.stderr))
    return config
  }
  const [, mode = ''] = /^\S+ (\w+)$/.exec(answering) ?? []
  if (mode === '') {
    throw new DeltatapeError(
      'listen_failed',
      `Something that is no deltatape answers on port ${config.port}. Stop it, or set PORT to another.`,
    )
  }
  if (env.MODEL_MODE && mode !== config.mode) {
    throw new DeltatapeError(
      'listen_failed',
      `The deltatape on port ${config.port} is in ${mode} mode, and this eval wants ${config.mode}. Stop it, or set PORT to another.`,
    )
  }
  return { mode }
}

/** What the header `x-deltatape` says on the port: empty for a stranger, undefined where nobody answers. */
async function whoAnswers({ host, port }: Config): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${host}:${port}/health`, { signal: AbortSignal.timeout(5000) })
    return response.headers.get('x-deltatape') ?? ''
  } catch (error) {
    return systemCode(error) === 'ECONNREFUSED' ? undefined : ''
  }
}
