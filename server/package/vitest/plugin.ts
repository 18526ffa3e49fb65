/** The plugin for vitest: one server for a run, which its workers find by themselves. The server is loaded once it is needed. */
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vitest/config'
import type { TestProject, Vitest } from 'vitest/node'
import { DeltatapeError } from '../../base/errors.ts'
import type { DeltatapeOptions } from './options.ts'
import type { Run } from './run.ts'
import { ELSEWHERE, variablesOf } from './told.ts'

/** The runs of one vitest, by their options: projects with the same ones share a server. */
interface Runs {
  /** The environment as it was before it led to a server. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly byOptions: Map<string, Promise<Run>>
}

/** Each project may have a plugin of its own. */
const runsOf = new WeakMap<Vitest, Runs>()

/**
 * Makes the plugin: `plugins: [deltatape()]`.
 *
 * The variables of the process count before the options, so that `MODEL_MODE=record vitest run` records.
 */
export function deltatape(options: DeltatapeOptions = {}): Plugin {
  return {
    name: 'deltatape',
    config(user) {
      // What is external is evaluated once a worker: without isolation its hooks would be those of the first file alone.
      if (user.test?.server?.deps?.inline === true) return undefined
      return { test: { server: { deps: { inline: [patternOf(setupFile())] } } } }
    },
    async configureVitest({ vitest, project }) {
      const run = await runFor(vitest, project, options)
      run.listen(vitest)
      tell(project, run)
    },
  }
}

/** What workers load, where the build puts it beside this. */
const setupFile = (): string => fileURLToPath(new URL('vitest/setup.js', import.meta.url))

const patternOf = (path: string): RegExp =>
  new RegExp(path.replaceAll('\\', '/').replaceAll(/[.+*?^${}()|[\]]/g, String.raw`\$&`))

function runFor(vitest: Vitest, project: TestProject, options: DeltatapeOptions): Promise<Run> {
  const runs = runsOf.get(vitest) ?? { env: { ...process.env }, byOptions: new Map() }
  runsOf.set(vitest, runs)
  const { root } = project.config
  const key = JSON.stringify([options, options.fixtures === undefined ? '' : root])
  const known = runs.byOptions.get(key)
  if (known) return known
  const starting = start({ options, env: runs.env, root, vitest })
  runs.byOptions.set(key, starting)
  vitest.onClose(async () => {
    runs.byOptions.delete(key)
    const run = await starting.catch(() => undefined)
    await run?.close()
  })
  return starting
}

async function start(parts: Parameters<(typeof import('./run.ts'))['startRun']>[0]): Promise<Run> {
  const { startRun } = await import('./run.ts')
  return startRun(parts).catch((error: unknown) => {
    throw error instanceof DeltatapeError ? toldOf(error) : error
  })
}

/** What vitest shows of an error is its stack, with the causes: of what a user did the words are enough. */
const toldOf = ({ message }: DeltatapeError): Error =>
  Object.assign(new Error(message), { stack: `deltatape: ${message}` })

function tell(project: TestProject, { told }: Run): void {
  const { config } = project
  project.provide('deltatape', told)
  // Before any module of a test, or of a setup file, reads them.
  config.env = { ...config.env, ...variablesOf(told, ELSEWHERE) }
  // A page cannot load it, and its variables are enough.
  if (!config.browser.enabled) config.setupFiles.unshift(setupFile())
}
