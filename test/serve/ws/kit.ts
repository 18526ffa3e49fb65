/** What tests of the WebSockets need: answers made of events, models that give them, sockets without the rest of a server. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { onTestFinished } from 'vitest'
import { type Call, contentText } from '../../../server/api/call.ts'
import { type Failure, ModelError } from '../../../server/api/ending.ts'
import { parseEvent } from '../../../server/api/event.ts'
import { type AnswerRecord, type Batch } from '../../../server/api/record.ts'
import { type Clock, systemClock } from '../../../server/base/clock.ts'
import { MissError, shuttingDown } from '../../../server/base/errors.ts'
import { parseObject } from '../../../server/base/json.ts'
import { createLedger } from '../../../server/base/ledger.ts'
import { fresh, kept } from '../../../server/base/memo.ts'
import { readConfig } from '../../../server/serve/config.ts'
import type { Action, Answer, Model } from '../../../server/model/model.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { createJournal } from '../../../server/serve/journal.ts'
import { createMisses } from '../../../server/serve/misses.ts'
import { createNames } from '../../../server/serve/names.ts'
import { type Sockets, type SocketsOptions, createSockets } from '../../../server/serve/ws/sockets.ts'
import { compose, words } from '../../kit/answers.ts'
import { readableLog } from '../../kit/tools.ts'

export type Json = Readonly<Record<string, unknown>>

/** Records as an event stream has them: an object is an event, a text the data of a record that holds none. */
export const recordsOf = (pieces: readonly (Json | string)[]): AnswerRecord[] =>
  pieces.map((piece, index) => {
    const at = index * 10
    const text = typeof piece === 'string' ? piece : JSON.stringify(piece)
    const wire = `data: ${text}\n\n`
    const event = parseEvent(text, at)
    return event ? { at, wire, event } : { at, wire, data: text }
  })

/** A piece of a body that is no event stream. */
export const wireOf = (...wires: readonly (string | Uint8Array)[]): AnswerRecord[] =>
  wires.map((wire) => ({ at: 0, wire }))

export interface AnswerOptions {
  readonly status?: number
  readonly headers?: Answer['head']['headers']
  readonly framing?: Answer['head']['framing']
  /** How it breaks after its records, if it does. */
  readonly failure?: Failure
  readonly action?: Action
}

/** An answer whose batches come one by one. */
export const answerOf = (
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  { status = 200, headers = [], framing = 'sse', failure, action }: AnswerOptions = {},
): Answer => ({
  head: { status, headers, framing },
  action,
  records: (async function* () {
    yield* batches
    if (failure) throw new ModelError(failure)
  })(),
})

/** An answer that is due at once, in batches that come again. */
export const keptAnswer = (batches: readonly Batch[], action?: Action): Answer => ({
  head: { status: 200, headers: [], framing: 'sse' },
  action,
  records: batches,
})

export const keptBatch = (pieces: readonly (Json | string)[]): Batch => kept(recordsOf(pieces))
export const freshBatch = (pieces: readonly (Json | string)[]): Batch => fresh(recordsOf(pieces))

/** The `input` of a call. */
export const inputOf = (call: Pick<Call, 'content'>): string => String(parseObject(contentText(call))?.input)

/** What the tests of sockets may choose of a server. */
export interface SocketsSetUp extends Partial<Pick<SocketsOptions, 'createUpstream'>> {
  readonly env?: Record<string, string>
  readonly clock?: Clock
}

/** The WebSockets of a server on a port of their own, without the rest of it. They go with the test. */
export async function runSockets(model: Model, { env = {}, clock = systemClock, createUpstream }: SocketsSetUp = {}) {
  const config = readConfig(env)
  const { log, lines } = readableLog()
  const journal = createJournal(log, config.mode)
  const [names, misses] = [createNames(), createMisses()]
  const sockets: Sockets = createSockets({
    config,
    model,
    redactor: createRedactor(),
    clock,
    journal,
    log,
    ledger: createLedger(config.maxWaitingBytes),
    names,
    misses,
    createUpstream,
  })
  const http = createServer((_request, response) => response.end('{"status":"ok"}'))
  http.on('upgrade', sockets.upgrade).listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(async () => {
    const drained = sockets.drain()
    sockets.stop(shuttingDown())
    await drained
    http.closeAllConnections()
    http.close()
  })
  const address = http.address()
  return {
    sockets,
    lines,
    names,
    misses,
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
  }
}

export const FRENCH = 'Say hello to all in French'
export const LONG = 'Count'
export const BROKEN = 'Break'

export const KEPT = {
  [FRENCH]: keptBatch(compose('french').text(words('Bonjour tout le monde !')).completed()),
  [LONG]: keptBatch(
    compose('long')
      .text(Array.from({ length: 2000 }, (_, index) => ` ${index}`))
      .completed(),
  ),
}

/** Answers what these tests ask for as replay does. */
const scripted: Model = async (call) => {
  const input = inputOf(call)
  const batch = input === FRENCH || input === LONG ? KEPT[input] : undefined
  if (batch) return keptAnswer([batch])
  if (input !== BROKEN) throw new MissError(`No fixture for ${input}.`, 'input.jsonl')
  const events = compose('reset').text(words('The sea was')).cut().events
  return answerOf([freshBatch(events)], { failure: { end: 'reset' } })
}

/** Sockets of a server that answers what these tests ask for. */
export const runScripted = (env: Record<string, string> = {}, more: SocketsSetUp = {}) =>
  runSockets(scripted, { env, ...more })

/** Sockets whose model answers with these events and then with nothing more, and the signal of each call. */
export async function runHanging(events: readonly Json[], options: SocketsSetUp = {}) {
  const signals: AbortSignal[] = []
  const aborted = Promise.withResolvers<void>()
  const sockets = await runSockets(async (_call, signal) => {
    signals.push(signal)
    const hang = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => {
        aborted.resolve()
        reject(signal.reason)
      }),
    )
    // Its reader may have to wait for the client.
    hang.catch(() => {})
    return answerOf(
      (async function* () {
        yield freshBatch(events)
        await hang
      })(),
    )
  }, options)
  return { ...sockets, signals, aborted: aborted.promise }
}
