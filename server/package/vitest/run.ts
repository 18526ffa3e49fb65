/** The server of one run of vitest. */
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Reporter, Vitest } from 'vitest/node'
import { z } from 'zod'
import { parseJson } from '../../base/json.ts'
import { printableLines } from '../../base/text.ts'
import type { Environment } from '../../base/variables.ts'
import type { Config } from '../../serve/config.ts'
import type { LogLines } from '../../serve/log.ts'
import { addressesFor } from '../../serve/services.ts'
import { startWith } from '../../serve/start.ts'
import { lateMisses, unusedFixtures } from './end.ts'
import type { DeltatapeOptions } from './options.ts'
import { HOW_TO_RECORD, keysFor, networkFrom, settingsFrom } from './settings.ts'
import { ELSEWHERE, type Told, variablesOf } from './told.ts'
import { isWhole } from './whole.ts'

export interface Run {
  /** What the workers are told. */
  readonly told: Told
  /** Says at the end of the tests what is to be said of all of them. May be called again. */
  listen(vitest: Vitest): void
  close(): Promise<void>
}

export interface RunOptions {
  readonly options: DeltatapeOptions
  /** The variables as they were before any of them led to a server. */
  readonly env: Environment
  /** The folder of the project. */
  readonly root: string
  readonly vitest: Vitest
}

/**
 * Starts the server of a run.
 *
 * @throws DeltatapeError `config_invalid`, `fixtures_unusable` or `listen_failed`
 */
export async function startRun({ options, env, root, vitest }: RunOptions): Promise<Run> {
  const settings = settingsFrom(options, env, root)
  const folder = await mkdtemp(join(tmpdir(), 'deltatape-vitest-'))
  const usageLog = join(folder, 'used.jsonl')
  const config: Config = { ...settings, usageLog }
  const say = (text: string) => vitest.logger.log(printableLines(text))
  const log = createLines(say, config.mode)
  const { server } = await startWith(config, log)
  const told: Told = {
    url: server.url,
    paths: addressesFor('', config),
    keys: config.mode === 'replay' ? keysFor(env, config) : {},
    replays: config.mode === 'replay',
    misses: options.misses ?? 'fail',
    network: networkFrom(options, config.mode),
    howToRecord: config.howToRecord ?? HOW_TO_RECORD,
  }
  const restore = setVariables(variablesOf(told, ELSEWHERE))
  const fail = (text: string) => {
    vitest.logger.error(printableLines(text))
    if (!vitest.config.watch) process.exitCode = 1
  }
  let titles: Parameters<typeof lateMisses>[1] = new Map()
  const tellLate = () => {
    for (const text of told.misses === 'fail' ? lateMisses(server.names, titles) : []) fail(text)
  }
  const reporter: Reporter = {
    async onTestRunEnd(modules, _errors, reason) {
      const tests = modules.flatMap(({ children }) => [...children.allTests()])
      titles = new Map(tests.map(({ id, fullName }) => [id, fullName]))
      tellLate()
      const { unused = 'tell' } = options
      if (unused === 'ignore' || !told.replays || vitest.config.watch) return
      if (reason !== 'passed' || !isWhole(vitest, modules)) return
      const text = await unusedFixtures(config, usageLog)
      if (text !== undefined) (unused === 'fail' ? fail : say)(text)
    },
  }
  return {
    told,
    listen({ config: { reporters } }) {
      // Instances are taken as well as names.
      const all: unknown[] = reporters
      if (!all.includes(reporter)) all.push(reporter)
    },
    async close() {
      restore()
      tellLate()
      await server.close(0)
      log.tellSaved()
      if (settings.usageLog !== undefined) await appendFile(settings.usageLog, await readFile(usageLog))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Sets variables of this process. Gives what takes that back. */
function setVariables(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

const lineSchema = z.object({
  level: z.string(),
  msg: z.string(),
  endpoint: z.string().optional(),
  action: z.string().optional(),
  fixture: z.string().optional(),
})

/** How many fixtures that were saved are named. */
const MAX_SAVED = 20

const headed = (text: string): string => (text.startsWith('deltatape ') ? text : `deltatape: ${text}`)

/** The log of the server: what it says of itself is told, what it says of calls is counted. */
function createLines(say: (text: string) => void, mode: string): LogLines & { tellSaved(): void } {
  const saved = new Set<string>()
  return {
    write(line) {
      const { data } = lineSchema.safeParse(parseJson(line))
      if (!data) return
      const { level, endpoint, action, fixture, msg } = data
      // In replay nobody has to know that there is a server.
      if (endpoint === undefined) return level === 'info' && mode === 'replay' ? undefined : say(headed(msg))
      if (action === 'saved' && fixture !== undefined) saved.add(fixture)
    },
    tellSaved() {
      const names = [...saved].toSorted()
      const more = names.length > MAX_SAVED ? [`and ${names.length - MAX_SAVED} more`] : []
      if (names.length > 0) say(['deltatape: saved', ...names.slice(0, MAX_SAVED), ...more].join('\n  '))
    },
  }
}
