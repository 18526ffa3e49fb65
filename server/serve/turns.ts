/** What is done for clients that name themselves: their faults, and what became of their calls. Of others only what was not replayed is noted. */
import type { Call, Caller } from '../api/call.ts'
import { refusalOf } from '../api/error.ts'
import { apiOf } from '../api/index.ts'
import type { Batch } from '../api/record.ts'
import { type Tokens, tokensIn } from '../api/tokens.ts'
import type { Clock } from '../base/clock.ts'
import { DeltatapeError, type ErrorCode, edgesOf } from '../base/errors.ts'
import { shortened } from '../base/name.ts'
import type { Identity } from '../fixture/key.ts'
import type { Mode } from '../model/mode.ts'
import { type Answer, type Model, actionOf, isDue } from '../model/model.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Store } from '../store/store.ts'
import { type Ear, type Heard, createHearing } from './hearing.ts'
import type { Misses } from './misses.ts'
import type { Named, Names } from './names.ts'

export interface TurnsOptions {
  readonly names: Names
  /** Takes what was not replayed, if anybody asks for it. */
  readonly misses?: Misses
  readonly mode: Mode
  readonly store: Store
  readonly redactor: Redactor
  readonly clock: Clock
}

/** One call, as it is told under the name of its client. Members that nobody knows are left out. */
export interface Told {
  readonly method: string
  readonly path: string
  /** The host, if it is not the API's own. */
  readonly host: string | undefined
  readonly api: string
  readonly model: string | undefined
  readonly key: string | undefined
  /** What became of the fixture, and its file name. */
  readonly action: string | undefined
  readonly fixture: string | undefined
  /** The HTTP status that the client got, or would have got over HTTP. */
  readonly status: number | undefined
  /** How it failed. */
  readonly code: ErrorCode | undefined
  /** What is to be said of it: why there is no fixture, or what is wrong with the one there is. */
  readonly message: string | undefined
  readonly tokens: Tokens | undefined
  readonly ms: number
}

/** What keeps a call from being replayed, and a program may take for an error like any other. */
const NOT_REPLAYED: ReadonlySet<ErrorCode> = new Set(['fixture_miss', 'fixture_invalid'])

/** Makes a model that answers as `model` does, breaks answers as names say, and remembers what was asked under them. */
export function withNames(model: Model, options: TurnsOptions): Model {
  const { names, misses, mode, store, redactor, clock } = options
  const hearing = createHearing()
  const note = (error: unknown, call: Call): void => {
    if (!(error instanceof DeltatapeError && NOT_REPLAYED.has(error.code))) return
    misses?.note(shortened(redactor.for(call).text(error.message), MAX_MESSAGE_CHARS), call.caller?.name)
  }
  const ask = async (asked: Call, caller: Caller, signal: AbortSignal): Promise<Answer> => {
    const wanted = names.answerFor(caller, asked)
    const call = { ...asked, fault: asked.fault ?? names.faultFor(caller), wanted }
    const end = names.begin(caller)
    const began = clock.now()
    const ear = hearing(call.api)
    let answer: Answer | undefined
    let identity: Identity | undefined
    const conclude = (error?: unknown) =>
      end(accountOf({ call, identity, answer, heard: ear.heard(), error, began }, options))
    try {
      answer = await model(call, signal)
      // It is known by now: nothing is looked for on the disk.
      if (mode !== 'live') identity = await store.identify(call)
    } catch (error) {
      if (mode !== 'live') identity = await store.identify(call).catch(() => undefined)
      // Together: who is told of the turn is told of the miss.
      conclude(error)
      note(error, call)
      throw error
    }
    return watched(answer, ear, conclude)
  }
  return (call, signal) => {
    if (call.caller) return ask(call, call.caller, signal)
    return model(call, signal).catch((error: unknown) => {
      note(error, call)
      throw error
    })
  }
}

/**
 * Tells of a WebSocket that a client wanted and that is not there, as of a call that was not replayed: few programs say more
 * than the status of it.
 */
export function noteRefused(
  { name, path: asked }: Pick<Named, 'name' | 'path'>,
  error: DeltatapeError,
  { names, misses, mode, redactor }: Pick<TurnsOptions, 'names' | 'misses' | 'mode' | 'redactor'>,
): void {
  if (mode !== 'replay' || error.code !== 'not_found') return
  const { code } = error
  const message = shortened(redactor.text(error.message), MAX_MESSAGE_CHARS)
  misses?.note(message, name)
  if (name === undefined) return
  const [method, path] = ['GET', shortened(redactor.text(asked), MAX_TEXT_CHARS)]
  const { name: api } = apiOf({ method, path })
  const told: Partial<Told> = { method, path, api, action: 'miss', status: edgesOf(code).http, code, message, ms: 0 }
  names.begin(names.caller(name))(JSON.stringify(told))
}

/** The same answer; each batch of it is looked at, and its end told. */
function watched(answer: Answer, ear: Ear, conclude: (error?: unknown) => void): Answer {
  const { head, records } = answer
  const take = (batch: Batch): Batch => {
    ear.take(batch)
    return batch
  }
  const due = function* (batches: Iterable<Batch>): Generator<Batch, void> {
    let failed: unknown
    try {
      for (const batch of batches) yield take(batch)
    } catch (error) {
      failed = error
      throw error
    } finally {
      conclude(failed)
    }
  }
  const coming = async function* (batches: AsyncIterable<Batch>): AsyncGenerator<Batch, void> {
    let failed: unknown
    try {
      for await (const batch of batches) yield take(batch)
    } catch (error) {
      failed = error
      throw error
    } finally {
      conclude(failed)
    }
  }
  return {
    head,
    get action() {
      return answer.action
    },
    records: isDue(records) ? due(records) : coming(records),
  }
}

/** How much of a path and of the name of a model is told, in characters. */
const MAX_TEXT_CHARS = 256

/** How much of the explanation of a miss is told, in characters: all of a usual one. */
const MAX_MESSAGE_CHARS = 4096

interface Over {
  readonly call: Call
  readonly identity: Identity | undefined
  readonly answer: Answer | undefined
  readonly heard: Heard
  readonly error: unknown
  readonly began: number
}

/** The account of a call that is over, as JSON text. */
function accountOf({ call, identity, answer, heard, error, began }: Over, { redactor, clock }: TurnsOptions): string {
  const { api, method, to } = call
  const redacts = redactor.for(call)
  const text = (value: string | undefined) => (value ? shortened(redacts.text(value), MAX_TEXT_CHARS) : undefined)
  const failed = codeOf(error)
  const action = answer?.action ?? actionOf(error)
  const status =
    answer?.head.status ?? (failed === undefined || isUnanswered(failed) ? undefined : statusOf(error, call))
  const isRefused = status !== undefined && status >= 400
  const told: Told = {
    method: text(method) ?? '',
    path: text(call.path) ?? '',
    host: text(to?.host),
    api: api.name,
    model: identity && text(api.modelOf(call, identity.request)),
    key: identity?.key,
    action: action?.kind,
    fixture: action?.fixture,
    status,
    code: failed ?? (isRefused ? 'upstream_refused' : heard.failure),
    message: error instanceof DeltatapeError ? shortened(redacts.text(error.message), MAX_MESSAGE_CHARS) : undefined,
    tokens: heard.usage && tokensIn(heard.usage),
    ms: Math.round((clock.now() - began) * 10) / 10,
  }
  return JSON.stringify(told)
}

const codeOf = (error: unknown): ErrorCode | undefined => {
  if (error === undefined) return undefined
  return error instanceof DeltatapeError ? error.code : 'internal'
}

/** Whether a client that got this error got no HTTP answer. */
const isUnanswered = (code: ErrorCode): boolean => code === 'dropped' || code === 'cancelled'

const statusOf = (error: unknown, call: Call): number =>
  error instanceof DeltatapeError ? refusalOf(error, call.api, call).status : 500
