/** One run: a server and a proxy for as long as a command runs, and what is told of it in the end. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { asText, isObject, parseObject } from '../../base/json.ts'
import { printable } from '../../base/text.ts'
import type { Environment } from '../../base/variables.ts'
import type { Config } from '../../serve/config.ts'
import type { LogLines } from '../../serve/log.ts'
import { reachedAt, startAs } from '../../serve/process.ts'
import { startWith } from '../../serve/start.ts'
import { openFixtures } from '../../store/index.ts'
import { describeUnused, unusedBy } from '../../upkeep/unused.ts'
import type { Terminal } from '../terminal.ts'
import { shownPath } from '../command.ts'
import { hostsOf } from './apis.ts'
import { runCommand } from './child.ts'
import { environmentOfCommand } from './environment.ts'
import { flagsFor } from '../../store/place.ts'
import { refuseNested } from './nested.ts'
import { startProxy } from './proxy.ts'
import { type Severity, verdictOf } from './verdict.ts'

export interface Run {
  /** The command and its arguments. */
  readonly words: readonly string[]
  /** What the server is told. */
  readonly config: Config
  /** What the command finds in its environment, but for what a run changes there. */
  readonly env: Environment
  readonly misses: Severity
  /** What becomes of fixtures that were not asked for; absent if they are no matter. */
  readonly unused: Severity | undefined
}

/**
 * Runs a command to its end.
 *
 * @returns its exit code, or that of a run that failed
 * @throws DeltatapeError `config_invalid`, `fixtures_unusable`, `usage_unusable` or `listen_failed`
 */
export async function runWith(run: Run, terminal: Terminal): Promise<number> {
  await refuseNested(run.config)
  const scratch = await mkdtemp(join(tmpdir(), 'deltatape-run-'))
  try {
    return await runBeside(scratch, run, (line) => terminal.tell(`deltatape: ${line}`))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The same, with a folder for what is needed until its end. */
async function runBeside(scratch: string, run: Run, tell: (line: string) => void): Promise<number> {
  const { words, env, misses, unused } = run
  const config = { ...run.config, usageLog: run.config.usageLog ?? join(scratch, 'used.jsonl') }
  const { server } = await startAs(process, (tidy) => startWith(config, linesFor(config, tell), tidy))
  const proxy = await startProxy({ letsOut: config.mode !== 'replay', proxies: config.proxies })
  const url = reachedAt(config.host, new URL(server.url).port)
  const around = environmentOfCommand(env, { url, proxyUrl: proxy.url, config })
  const { code, problem } = await runCommand(words, around, process)
  proxy.close()
  await server.close()
  if (problem !== undefined) tell(problem)
  const verdict = verdictOf({
    mode: config.mode,
    code,
    misses: { severity: misses, untold: server.misses.untold() },
    isIdle: problem === undefined && run.config.usageLog === undefined && (await isEmpty(config.usageLog)),
    strays: proxy.strays(),
    hosts: hostsOf(config.baseURL, config.baseURLs),
    unused:
      unused && code === 0
        ? { severity: unused, lines: await unusedIn(config), flags: flagsFor(config.fixturesDir, config.configFile) }
        : undefined,
  })
  for (const each of verdict.told) tell(each)
  return verdict.code
}

/** Whether a file holds nothing, or is not there. */
const isEmpty = (file: string): Promise<boolean> =>
  stat(file).then(
    ({ size }) => size === 0,
    () => true,
  )

/** What is told while the command has the terminal: in replay nothing but what is wrong with deltatape itself. */
function linesFor({ mode, logLevel }: Config, tell: (line: string) => void): LogLines {
  const isQuiet = mode === 'replay' && logLevel === 'error'
  return {
    write(line) {
      const { level, msg = '', error, url } = parseObject(line) ?? {}
      // Where the server listens is told to the command.
      if (url !== undefined || (isQuiet && level !== 'error')) return
      const { stack } = isObject(error) ? error : {}
      tell(stack === undefined ? asText(msg) : `${asText(msg)}\n${asText(stack)}`)
    },
  }
}

/** A line for each fixture that was not asked for. */
async function unusedIn(config: Config & { readonly usageLog: string }): Promise<readonly string[]> {
  const { store } = openFixtures(config, systemClock)
  const { unused } = await unusedBy(store, config.usageLog)
  return unused.map((each) => `${shownPath(store, each.name)} ${printable(describeUnused(each))}`)
}
