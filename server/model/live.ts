/** The API itself: a call as it was sent, the answer as it arrives, and every end as what it was. */
import { any } from '../api/any.ts'
import type { Incoming, Transport } from '../api/call.ts'
import { ModelError, isFailure } from '../api/ending.ts'
import { createReader, isStream } from '../api/framing/index.ts'
import type { Api, Follower } from '../api/api.ts'
import type { ModelEvent } from '../api/event.ts'
import { failureIn } from '../api/failure.ts'
import { followerOf } from '../api/index.ts'
import { headerOf, passedDown, withoutLength } from '../api/headers.ts'
import { type AnswerRecord, type Batch, inParts } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import { fresh } from '../base/memo.ts'
import { questionOf } from '../fixture/request.ts'
import { decodingOf } from './coding.ts'
import { type Deadlines, type Wait, startWait } from './deadlines.ts'
import { createMeter, type Meter } from './meter.ts'
import type { Answer, Model } from './model.ts'
import { type Placeholder, hideKey } from './own-key.ts'
import { createRest, inPieces, type Rest } from './stint.ts'
import { reset } from './transport/failure.ts'

export interface LiveOptions extends Deadlines {
  /** Carries clients' calls, as they came. */
  readonly http: Transport
  /** Carries the calls that deltatape makes in its own name. */
  readonly sdk: Transport
  /** How large an event of the API, a line or a body in one piece may be, in bytes. */
  readonly maxEventBytes: number
  readonly clock: Clock
}

/** Makes the model that calls the API. One call is one call: nothing is tried again, so that a failure is seen as what it was. */
export function live(options: LiveOptions): Model {
  const { clock } = options

  return async (call, signal): Promise<Answer> => {
    const began = clock.now()
    const wait = startWait(options, clock, signal)
    const transport = call.transport ?? (call.own ? options.sdk : options.http)
    try {
      const incoming = await wait.for(transport(call, wait.signal))
      const follower = followerOf(call.api, questionOf(call), incoming.status)
      const hide = hideKey(incoming.ownKey, (event) => !follower || isTold(call.api, event))
      return answerOf(incoming, {
        follower,
        wait,
        hide,
        meter: createMeter(options.maxEventBytes, call.api !== any),
        rest: createRest(clock),
        at: () => Math.round(clock.now() - began),
      })
    } catch (error) {
      wait.end()
      signal.throwIfAborted()
      throw error
    }
  }
}

/** Whether an event tells of a failure; gateways put theirs among the events of any API. */
const isTold = (api: Api, event: ModelEvent): boolean => (api.failureOf(event) ?? failureIn(event)) !== undefined

interface Reading {
  /** Undefined if the end of the body says that the answer is whole, such as an HTTP error. */
  readonly follower: Follower | undefined
  readonly wait: Wait
  readonly hide: Placeholder | undefined
  readonly meter: Meter
  readonly rest: Rest
  /** Milliseconds since the call was sent. */
  readonly at: () => number
}

function answerOf({ status, headers: sent, body }: Incoming, reading: Reading): Answer {
  const decode = decodingOf(headerOf(sent, 'content-encoding'))
  const headers = passedDown(sent, decode !== undefined)
  const reader = createReader(headers)
  const source = decode ? decode(body) : body
  const { hide } = reading
  return {
    head: {
      status,
      // The first bytes may tell it better than the head did.
      get framing() {
        return reader.framing()
      },
      // A key that is hidden makes a body of another length.
      headers: hide ? withoutLength(hide.headers(headers)) : headers,
    },
    records: read(source, reader, { ...reading, taken: reading.wait.handOver() }),
  }
}

type Reader = ReturnType<typeof createReader>

/** Reads an answer to its end, and says how it ended. */
async function* read(
  body: AsyncIterable<Uint8Array>,
  reader: Reader,
  { taken, ...reading }: Reading & { readonly taken: () => void },
): AsyncGenerator<Batch, void> {
  const { follower, wait, hide } = reading
  taken()
  let settling = false
  try {
    for await (const { records: arrived, isLast, broken } of arrivals(body, reader, reading)) {
      const records = hide ? hide.records(arrived, isLast) : arrived
      if (follower) for (const record of records) settling = follower.take(record) !== 'open'
      wait.settling(settling)
      for (const part of inParts(records)) {
        const back = wait.handOver()
        yield fresh(part)
        back()
      }
      // Nothing is owed after the end: however the body ends then, the answer is complete.
      if (broken && !settling) throw broken
    }
    const ending = follower?.end()
    if (ending && isFailure(ending)) throw new ModelError(ending)
  } finally {
    wait.end()
  }
}

interface Arrival {
  readonly records: readonly AnswerRecord[]
  /** Whether nothing more comes. */
  readonly isLast: boolean
  /** Why nothing more comes, if the body broke or a deadline passed. */
  readonly broken?: Error
}

/** What arrives, as records; in the end what was left, and why the body broke if it did. Throws if the client left. */
async function* arrivals(
  body: AsyncIterable<Uint8Array>,
  reader: Reader,
  { wait, at, meter, rest }: Reading,
): AsyncGenerator<Arrival, void> {
  const chunks = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await wait.for(chunks.next())
      if (next.done) break
      /** What came together goes on together: each list that is handed on costs the same. */
      let together: AnswerRecord[] = []
      for (const piece of isStream(reader.framing()) ? inPieces(next.value) : [next.value]) {
        const resting = rest()
        if (resting) {
          if (together.length > 0) yield { records: together, isLast: false }
          together = []
          await resting
        }
        const whole = reader.read(piece, at())
        const framing = reader.framing()
        const { records, flaw } = meter.take(piece.length, whole, framing)
        wait.arrived(!isStream(framing) || records.some(({ event, data }) => event ?? data))
        together.push(...records)
        if (!flaw) continue
        if (together.length > 0) yield { records: together, isLast: false }
        return yield { records: [], isLast: true, broken: flaw }
      }
      if (together.length > 0) yield { records: together, isLast: false }
    }
  } catch (error) {
    if (wait.signal.aborted && !wait.expired) throw error
    yield { records: reader.end(at(), false), isLast: true, broken: error instanceof ModelError ? error : reset(error) }
    return
  } finally {
    // A body that hangs would be waited for without end.
    wait.end()
    void chunks.return?.()?.catch(() => {})
  }
  yield { records: reader.end(at(), true), isLast: true }
}
