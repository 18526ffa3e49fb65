/** The server: HTTP and WebSockets on one port. */
import { type Server, createServer } from 'node:http'
import type { Clock, Timer } from '../base/clock.ts'
import { shuttingDown } from '../base/errors.ts'
import { createLedger } from '../base/ledger.ts'
import type { Config } from './config.ts'
import { createModel, createUpstream } from '../model/index.ts'
import type { Redactor } from '../redact/redactor.ts'
import { describeIgnored } from '../store/ignored.ts'
import type { Store } from '../store/store.ts'
import { createAudience } from './audience.ts'
import { type App, createApp } from './http/app.ts'
import { createExchanges } from './http/exchange.ts'
import { type Sessions, speakHttp2 } from './http/http2.ts'
import { createListener } from './http/node.ts'
import { createReaders } from './http/readers.ts'
import { createAnswering } from './http/upgrades.ts'
import { type Journal, type Known, createJournal } from './journal.ts'
import { listen } from './listen.ts'
import type { Log } from './log.ts'
import { type Misses, createMisses } from './misses.ts'
import type { Metrics } from './metrics/metrics.ts'
import { type Names, createNames } from './names.ts'
import { type ReadinessOptions, createReadiness } from './readiness.ts'
import { withNames } from './turns.ts'
import { type Sockets, type SocketsOptions, createSockets } from './ws/sockets.ts'

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:3300`. */
  readonly url: string
  /** The clients that named themselves, and what was asked under their names. */
  readonly names: Names
  /** The calls that could not be replayed. */
  readonly misses: Misses
  /** Lets the process end though it listens. */
  unref(): void
  /**
   * Stops. New turns are refused; those that run or wait get `graceMs` to end (the configured time if not given), and
   * then their terminal frame. Called again with less, that counts from then. Resolves when all is closed and saved.
   */
  close(graceMs?: number): Promise<void>
}

export interface ServerParts {
  readonly log: Log
  readonly store: Store
  readonly redactor: Redactor
  readonly clock: Clock
  /** Called when there is much garbage of what clients sent. */
  readonly tidy?: (() => void) | undefined
  /** Counts what happens, if anybody may ask for it. */
  readonly metrics?: Metrics | undefined
}

/** How long a client may take to read the end of its last response, and how often it is looked whether it has. */
const PATIENCE_MS = 500

const SWEEP_MS = 10

/**
 * Starts a server.
 *
 * @throws DeltatapeError `fixtures_unusable` or `listen_failed`
 */
export async function startServer(config: Config, parts: ServerParts): Promise<RunningServer> {
  const [{ log, store, redactor, clock }, { mode }] = [parts, config]
  if (mode !== 'live') await store.check({ write: mode !== 'replay' })
  const { journal, audience } = createJournals(config, parts)
  const ledger = createLedger(config.maxWaitingBytes, parts.tidy)
  const [names, misses] = [createNames(), createMisses()]
  const model = withNames(createModel(config, parts), { names, misses, mode, store, redactor, clock })
  const shared = { config, model, redactor, clock, journal, audience, log, names, misses, ledger }
  const exchanges = createExchanges(shared)
  const sockets = createSockets({ ...shared, createUpstream: createUpstream(config) })

  let closing: Promise<void> | undefined
  const apps = createApps(config, parts, { ...sockets, isStopping: () => closing !== undefined })
  const { http, sessions } = createHttp(createListener({ ...shared, ...apps, exchanges }), sockets, shared)
  const port = await listen(http, config)

  const endConnections = (ms: number) =>
    clock.timer(ms, () => {
      http.closeAllConnections()
      sessions.end()
    })
  const enough = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<Known>()
  const shut = async (): Promise<void> => {
    const closed = new Promise((resolve) => http.close(resolve))
    sessions.drain()
    await Promise.all([sockets.drain(), exchanges.drain()])
    const patience = endConnections(PATIENCE_MS)
    const sweep = sweepIdle(http, clock)
    await closed
    for (const timer of [sweep, patience]) timer.clear()
    await Promise.race([store.linked(), enough.promise])
    journal.close(await Promise.race([knownOf(store, mode, journal), gone.promise]))
    await store.close()
  }
  return {
    names,
    misses,
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    unref: () => void http.unref(),
    async close(graceMs = config.shutdownGraceMs) {
      closing ??= shut()
      let letGo: Timer | undefined
      const grace = clock.timer(graceMs, () => {
        sockets.stop(shuttingDown())
        exchanges.stop(shuttingDown())
        enough.resolve()
        // An engine that hangs would hang for its own time: what waits for it then fails, and is told.
        letGo = clock.timer(PATIENCE_MS, () => {
          gone.resolve({})
          void store.close()
        })
        // A response waits for its client to read.
        http.once('close', endConnections(PATIENCE_MS).clear)
      })
      await closing
      for (const timer of [grace, letGo]) timer?.clear()
    },
  }
}

/** Closes connections as they come to rest: the last responses may still be on their way out of this process. */
function sweepIdle(http: Server, clock: Clock): Timer {
  const sweep = clock.timer(SWEEP_MS, () => {
    http.closeIdleConnections()
    sweep.refresh()
  })
  http.closeIdleConnections()
  return sweep
}

/** What is told of all fixtures at the end to those who record. */
async function knownOf(
  store: Pick<Store, 'list' | 'dir'>,
  mode: Config['mode'],
  { hasSaved }: Pick<Journal, 'hasSaved'>,
): Promise<Known> {
  if (mode !== 'record' && mode !== 'auto') return {}
  const names = await store.list().catch(() => undefined)
  return { names, ignored: names && store.dir && hasSaved ? await describeIgnored(store.dir, names) : undefined }
}

/** What is told of turns: to the log, to what counts them, and if there is a page to those who watch. */
function createJournals({ mode, page }: Config, { log, redactor, clock, metrics }: ServerParts) {
  const audience = page ? createAudience({ mode, redactor, clock }) : undefined
  const onlookers = [audience, metrics].filter((each) => each !== undefined)
  return { audience, journal: createJournal(log, mode, onlookers) }
}

/** What is answered beside calls. Behind a name there is no page, and nothing is told of what others do. */
function createApps(
  config: Config,
  parts: ServerParts,
  { standing, isStopping }: Pick<Sockets, 'standing'> & Pick<ReadinessOptions, 'isStopping'>,
): { readonly app: App; readonly named: App } {
  const { log, metrics } = parts
  const ready = createReadiness({ ...parts, mode: config.mode, isStopping })
  const page = async () => (await import('./page/page.ts')).createPage({ config, ...parts })
  const exposed =
    metrics && (async () => (await import('./metrics/exposition.ts')).expose(metrics.families(standing())))
  const shared = { config, log, ready }
  return { app: createApp({ ...shared, page: config.page ? page : undefined, exposed }), named: createApp(shared) }
}

const SPEAKS_TLS =
  'A client speaks TLS to deltatape, which does not: its address has to begin with http:// or ws://, and not with https:// or wss://.'

/** What listens: requests are answered, upgrades become WebSockets. */
function createHttp(
  answer: ReturnType<typeof createListener>,
  { upgrade }: Pick<Sockets, 'upgrade'>,
  { config: { mode }, clock, log, misses }: Pick<SocketsOptions, 'config' | 'clock' | 'log' | 'misses'>,
): { readonly http: Server; readonly sessions: Sessions } {
  const answering = createAnswering(log)
  const http = createServer(
    // A client that offers another protocol, as those that know HTTP/2 do, is answered in this one.
    {
      shouldUpgradeCallback: ({ headers, socket }) =>
        headers.upgrade?.toLowerCase() === 'websocket' && !answering.on(socket),
    },
    (request, response) => answering.add(request, response, () => answer(request, response)),
  )
  const readers = createReaders(clock)
  const sessions = speakHttp2(http, {
    answer,
    readers,
    clock,
    onTls() {
      log.warn(SPEAKS_TLS)
      if (mode === 'replay') misses.note(SPEAKS_TLS)
    },
  })
  http.on('connection', readers.watch)
  const leave: Sockets['upgrade'] = (request, socket, head) => {
    readers.release(socket)
    upgrade(request, socket, head)
  }
  http.on('upgrade', leave)
  // This is not a proxy: such a request is answered as an upgrade that leads nowhere.
  http.on('connect', leave)
  return { http, sessions }
}
