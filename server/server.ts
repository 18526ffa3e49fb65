/** The server: HTTP and WebSockets on one port. */
import { createServer } from 'node:http'
import type { Writable } from 'node:stream'
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Config } from './config.ts'
import { createDrain } from './drain.ts'
import { DeltatapeError, shuttingDown, systemCode } from './errors.ts'
import type { Body } from './exchange.ts'
import { createApp, guarded } from './http.ts'
import { createJournal } from './journal.ts'
import type { Log } from './log.ts'
import { createModel } from './model/index.ts'
import type { Clock } from './pace.ts'
import type { Redactor } from './redact.ts'
import { checkStore } from './directory.ts'
import { openStore } from './store.ts'
import { createAnswering } from './upgrades.ts'
import { createSockets } from './ws.ts'

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

/** Answers, and writes what is streamed itself: a web stream in between costs more than all else. */
const listener =
  (answer: ReturnType<typeof guarded>) =>
  async (request: Request, { outgoing }: HttpBindings | Http2Bindings): Promise<Response> => {
    let body: Body | undefined
    const response = await answer(request, { takeBody: (taken) => void (body = taken) })
    if (!body) return response
    await send(response, body, outgoing)
    return RESPONSE_ALREADY_SENT
  }

/** The response of `node:http`: what is needed of it. */
interface Outgoing extends Writable {
  readonly headersSent: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
}

async function send({ status, headers }: Response, body: Body, outgoing: Outgoing): Promise<void> {
  if (body instanceof Uint8Array) {
    outgoing.writeHead(status, { ...Object.fromEntries(headers), 'content-length': String(body.byteLength) })
    outgoing.end(body)
    return
  }
  const drained = createDrain(outgoing)
  try {
    for await (const chunk of body) {
      // Whoever has left is not written to, but the model may still have something to save.
      if (outgoing.destroyed) continue
      if (!outgoing.headersSent) outgoing.writeHead(status, Object.fromEntries(headers))
      if (!outgoing.write(chunk)) await drained()
    }
    outgoing.end()
  } catch (error) {
    if (systemCode(error) !== 'ECONNRESET') throw error
    // What was written is on its way first.
    if (outgoing.headersSent) await new Promise((resolve) => outgoing.write('', resolve))
    outgoing.destroy()
  }
}

/** Listens, and gives the port. */
function listen(http: ReturnType<typeof createServer>, { host, port }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error) =>
      reject(new DeltatapeError('listen_failed', whyNot(error, host, port), { cause: error })),
    )
    http.listen(port, host, () => {
      const address = http.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function whyNot(error: Error, host: string, port: number): string {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use. Stop what listens there, or set PORT to another (0 picks a free one).`
    case 'EACCES':
      return `Port ${port} needs more rights than this process has. Set PORT to one of at least 1024.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${JSON.stringify(host)} is no address of this machine. Set HOST to one (127.0.0.1 is for this machine alone).`
    default:
      return `The server cannot listen on ${host} port ${port}: ${error.message}.`
  }
}
