/** Calls to APIs over HTTP: a call → the model's answer → a reply. */
import type { Asked as Seen } from '../../api/api.ts'
import { apiOf } from '../../api/index.ts'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError, shuttingDown } from '../../base/errors.ts'
import type { Config } from '../config.ts'
import { type Model, actionOf } from '../../model/model.ts'
import type { Redactor } from '../../redact/redactor.ts'
import type { Journal } from '../journal.ts'
import { type Log, toldOf } from '../log.ts'
import { createEncoder, replyTo } from './encode.ts'
import { createHearing } from '../hearing.ts'
import { ledHere } from './leading.ts'
import { type Observed, createGlance, observe } from './observe.ts'
import { type Asked, addressOf, createReading, unreadFrom } from './read.ts'
import { refuse } from './refusal.ts'
import type { Reply } from './reply.ts'

export interface ExchangesOptions {
  readonly config: Config
  readonly model: Model
  readonly redactor: Redactor
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
}

export interface Exchanges {
  /** Answers a call. Never rejects for what a client or an API did. */
  answer(asked: Asked): Promise<Reply>
  /** Takes no new calls; resolves when those that there are have ended. */
  drain(): Promise<void>
  /** Ends those that run with this error. */
  stop(error: DeltatapeError): void
}

const LEFT = new DeltatapeError('cancelled', 'The client left.')

export function createExchanges(options: ExchangesOptions): Exchanges {
  const { config, model, log } = options
  const parts = { ...options, glance: createGlance(), hearing: createHearing() }
  const encode = createEncoder()
  const reading = createReading(config, options.redactor)
  const open = new Set<AbortController>()
  let draining: PromiseWithResolvers<void> | undefined

  const admit = () => {
    if (draining) throw shuttingDown()
    if (open.size < config.maxConnections) return
    throw new DeltatapeError(
      'busy',
      `${open.size} calls are being answered, the most that MAX_CONNECTIONS allows. Send this one again when some have ended.`,
    )
  }

  const end = (abort: AbortController) => {
    open.delete(abort)
    if (open.size === 0) draining?.resolve()
  }

  return {
    async answer(asked) {
      // Whose call it is may show once its body is read.
      let seen: Seen | undefined
      let observed: Observed | undefined
      try {
        admit()
        const { call: read, named, subject } = reading.known(asked) ?? (await reading.anew(asked))
        const call = { ...read, caller: asked.caller, account: asked.account }
        seen = call
        const abort = new AbortController()
        open.add(abort)
        asked.onLeave(() => abort.abort(LEFT))
        observed = observe(call, subject, parts, () => end(abort))
        const reply = replyTo(await model(call, abort.signal), { call, observed, encode })
        return ledHere(reply, { named, path: call.path, here: () => addressOf(asked), mayCall: reading.mayCall })
      } catch (error) {
        observed?.failed(error)
        observed?.ended(actionOf(error))
        const told = toldOf(error, log)
        if (told.code === 'dropped') return { status: 200, headers: [], body: 'broken' }
        seen ??= unreadFrom(asked)
        return refuse(told, apiOf(seen), seen)
      }
    },
    async drain() {
      draining ??= Promise.withResolvers()
      if (open.size === 0) draining.resolve()
      await draining.promise
    },
    stop(error) {
      for (const abort of open) abort.abort(error)
    },
  }
}
