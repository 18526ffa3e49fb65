/** The server: HTTP and WebSockets on one port. */
import { getRequestListener } from '@hono/node-server'
import { createServer } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { shuttingDown } from '../base/errors.ts'
import type { Config } from '../config.ts'
import { createModel } from '../model/index.ts'
import type { Redactor } from '../redact/redactor.ts'
import { checkStore } from '../store/directory.ts'
import { openStore } from '../store/store.ts'
import { createApp, guarded } from './http/app.ts'
import { listener } from './http/node.ts'
import { createAnswering } from './http/upgrades.ts'
import { createJournal } from './journal.ts'
import { listen } from './listen.ts'
import type { Log } from './log.ts'
import { createSockets } from './ws/sockets.ts'

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:3300`. */
  readonly url: string
  /**
   * Stops. New turns are refused; those that run or wait get `graceMs` to end (the configured time if not given), and
   * then their terminal frame. Called again with less, that counts from then. Resolves when all is closed and saved.
   */
  close(graceMs?: number): Promise<void>
}

export interface ServerParts {
  readonly log: Log
  readonly redactor: Redactor
  readonly clock: Clock
}

/** How long a client may take to read the end of its last response, and how often it is looked whether it has. */
const PATIENCE_MS = 500

const SWEEP_MS = 10

/**
 * Starts a server.
 *
 * @throws DeltatapeError `fixtures_unusable` or `listen_failed`
 */
export async function startServer(config: Config, { log, redactor, clock }: ServerParts): Promise<RunningServer> {
  if (config.mode !== 'live') await checkStore(config.fixturesDir, { write: config.mode !== 'replay' })
  const journal = createJournal(log, config.mode)
  const store = openStore({ dir: config.fixturesDir, redactor, clock })
  const model = createModel(config, store, redactor, clock)
  const app = createApp({ config, store, model, redactor, clock, journal, log })
  const sockets = createSockets({ config, model, redactor, clock, journal, log })

  const answering = createAnswering()
  const http = createServer(
    // A client that offers another protocol, as those that know HTTP/2 do, is answered in this one.
    {
      shouldUpgradeCallback: ({ headers, socket }) =>
        headers.upgrade?.toLowerCase() === 'websocket' && !answering.on(socket),
    },
    getRequestListener(listener(guarded(app.answer, config)), { overrideGlobalObjects: false }),
  )
  http.on('request', answering.note)
  http.on('upgrade', sockets.upgrade)
  // A proxy this is not; it is answered as an upgrade that leads nowhere.
  http.on('connect', sockets.upgrade)
  const port = await listen(http, config)

  const endConnections = (ms: number) => clock.timer(ms, () => http.closeAllConnections())
  let closing: Promise<void> | undefined
  const shut = async (): Promise<void> => {
    const closed = new Promise((resolve) => http.close(resolve))
    await Promise.all([sockets.drain(), app.drain()])
    const patience = endConnections(PATIENCE_MS)
    // The last responses may still be on their way out of this process.
    const sweep = clock.timer(SWEEP_MS, () => {
      http.closeIdleConnections()
      sweep.refresh()
    })
    http.closeIdleConnections()
    await closed
    sweep.clear()
    patience.clear()
    journal.close()
  }
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    async close(graceMs = config.shutdownGraceMs) {
      closing ??= shut()
      const grace = clock.timer(graceMs, () => {
        sockets.stop(shuttingDown())
        app.stop(shuttingDown())
        // A response waits for its client to read; now it has waited long enough.
        const patience = endConnections(PATIENCE_MS)
        http.once('close', patience.clear)
      })
      await closing
      grace.clear()
    },
  }
}
