/** Starts a server in this process, as a configuration says. */
import { existsSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import { deltatape, marked, withVariables } from '../base/command-line.ts'
import { sparedBy } from '../redact/spared.ts'
import { openFixtures } from '../store/index.ts'
import { flagsFor, isAddress } from '../store/place.ts'
import type { Config } from './config.ts'
import { type Log, type LogLines, createLog } from './log.ts'
import { createMetrics } from './metrics/metrics.ts'
import { type RunningServer, startServer } from './server.ts'
import { elsewhere, withoutKeys } from './services.ts'

export interface Started {
  readonly server: RunningServer
  readonly config: Config
  readonly log: Log
}

/**
 * Starts the server that a configuration describes.
 *
 * @param lines where the lines of its log go
 * @param tidy called when there is much garbage of what clients sent
 * @throws DeltatapeError `config_invalid`, `fixtures_unusable`, `usage_unusable` or `listen_failed`
 */
export async function startWith(config: Config, lines: LogLines, tidy?: () => void): Promise<Started> {
  const metrics = config.metrics ? createMetrics(config, systemClock) : undefined
  const { store, redactor, rules } = openFixtures(config, systemClock, {
    watch: metrics?.watch,
    onStale: metrics?.onStale,
    warn: (text) => log.warn(text),
  })
  // What deltatape itself says is no text of anybody: the rules of the user have nothing to do there.
  const log = createLog({ level: config.logLevel, redactor: redactor.forSecrets, stream: lines })
  const server = await startServer(config, { log, store, redactor, clock: systemClock, tidy, metrics })
  log.announce(`deltatape listens on ${server.url} (${config.mode})`, { url: server.url, mode: config.mode })
  // The first call without a fixture would wait for this look at a large directory. If it fails, who needs it is told.
  if (store.dir !== undefined && config.mode !== 'live') store.list().catch(() => {})
  for (const line of sparedBy(rules.patterns)) log.warn(line)
  // Only one that nobody named may be missing.
  const isDirectory = !isAddress(config.fixturesDir)
  if (config.mode === 'replay' && isDirectory && !existsSync(config.fixturesDir)) log.warn(nothingRecorded(config))
  const where = config.mode === 'replay' ? undefined : elsewhere(config)
  if (where !== undefined) log.info(where)
  if (config.mode !== 'replay' && config.apiKey === undefined && Object.keys(config.keys).length === 0) {
    log.warn(withoutKeys(config.mode))
  }
  return { server, config, log }
}

const nothingRecorded = ({ fixturesDir, configFile, howToRecord }: Config): string => {
  const command = howToRecord ?? deltatape('serve', ...flagsFor(fixturesDir, configFile))
  return `There is no folder ${JSON.stringify(fixturesDir)}, so no call has an answer: nothing has been recorded yet, or it was not committed. To record: ${marked(withVariables({ MODEL_MODE: 'record' }, command))}.`
}
