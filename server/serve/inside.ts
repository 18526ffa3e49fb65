/** Calls that are answered in this process, without a port. */
import type { Caller } from '../api/call.ts'
import { apiOf } from '../api/index.ts'
import { systemClock } from '../base/clock.ts'
import { createLedger } from '../base/ledger.ts'
import { createModel } from '../model/index.ts'
import { type Routes, createRoutes } from '../model/transport/route.ts'
import { openFixtures } from '../store/index.ts'
import type { Config } from './config.ts'
import { type Exchanges, createExchanges } from './http/exchange.ts'
import type { Reply } from './http/reply.ts'
import { type Client, type Signal, followed } from './http/web.ts'
import { createJournal } from './journal.ts'
import { silentLog } from './log.ts'
import { type Names, createNames } from './names.ts'
import { withNames } from './turns.ts'

export interface Inside {
  /** The clients that name themselves, and what was asked under their names. */
  readonly names: Names
  /** Whether a call may be made at all: its address is one that an API has, or that the configuration names. */
  takes(request: Request): boolean
  /**
   * Answers a call to the address that it names.
   *
   * @throws DeltatapeError `fixtures_unusable`; the signal's reason if it was aborted before
   */
  ask(request: Request, asker?: Asker): Promise<Answered>
}

/** Who asks. */
export interface Asker {
  readonly signal?: Signal | null | undefined
  readonly caller?: Caller | undefined
}

/** A reply, and the client whose it is to read. */
export interface Answered {
  readonly reply: Reply
  readonly client: Client
  /** The body of the request, which can be read once. */
  readonly sent: Uint8Array<ArrayBuffer>
}

/** Makes what answers calls in this process, as a configuration says. */
export function answerInside(given: Config): Inside {
  // Whatever the address was before it was given here.
  const config = { ...given, upstream: new URL(given.baseURL).host }
  const clock = systemClock
  const { store, redactor } = openFixtures(config, clock)
  const ledger = createLedger(config.maxWaitingBytes)
  const names = createNames()
  const routes = createRoutes(config)
  const ready = config.mode === 'live' ? Promise.resolve() : store.check({ write: config.mode !== 'replay' })
  // Nobody is told until somebody asks.
  ready.catch(() => {})
  const model = createModel(config, { store, redactor, clock })
  const exchanges = createExchanges({
    config,
    model: withNames(model, { names, mode: config.mode, store, redactor, clock }),
    redactor,
    clock,
    journal: createJournal(silentLog, config.mode),
    log: silentLog,
  })
  return {
    names,
    takes: (request) => isKnown(request, routes),
    async ask(request, { signal, caller } = {}) {
      await ready
      const account = ledger.open()
      const client = followed(signal, () => account.close())
      try {
        if (client.left) throw client.reason()
        const asked = { ...(await askedBy(request)), caller, account, onLeave: client.onLeave }
        return { reply: await exchanges.answer(asked), client, sent: asked.body }
      } catch (error) {
        client.end()
        throw error
      }
    },
  }
}

type Asked = Parameters<Exchanges['answer']>[0]

async function askedBy(
  request: Request,
): Promise<Pick<Asked, 'method' | 'target' | 'origin' | 'headers'> & { readonly body: Uint8Array<ArrayBuffer> }> {
  const { pathname, search, origin } = new URL(request.url)
  return {
    method: request.method,
    target: pathname + search,
    origin,
    headers: [...request.headers],
    body: new Uint8Array(await request.arrayBuffer()),
  }
}

/** Whether a call leads to an address that an API has, or that is configured. */
function isKnown({ method, url, headers }: Request, routes: Routes): boolean {
  const { pathname: path, search: query, origin } = new URL(url)
  const call = { method, path, query, headers: [...headers], content: new Uint8Array() }
  try {
    return routes.to({ row: apiOf(call).name, path, headers: call.headers }, origin).refusal === undefined
  } catch {
    // It names no host that can be called.
    return false
  }
}
