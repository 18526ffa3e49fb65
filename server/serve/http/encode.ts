/** An answer → a reply: its bytes, and how it ends. */
import type { Call } from '../../api/call.ts'
import { ModelError } from '../../api/ending.ts'
import { troubleOf } from '../../api/error.ts'
import { isStream } from '../../api/framing/index.ts'
import { type Headers, headerOf, passedDown, sendable, withoutLength } from '../../api/headers.ts'
import { type Batch, bytesOf } from '../../api/record.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { alone, remember } from '../../base/memo.ts'
import { decodingOf } from '../../model/coding.ts'
import { type Action, type Answer, isDue, readToTheEnd } from '../../model/model.ts'
import type { Observed } from './observe.ts'
import { BrokenError, type Chunks, type Reply } from './reply.ts'

/** A batch as bytes. */
export type Encode = (batch: Batch) => Buffer<ArrayBuffer>

/** Makes an encoder that remembers what it made of batches that come again. */
export const createEncoder = (): Encode =>
  remember(
    ({ items, kept }: Batch) => (kept ? alone(bytesOf(items)) : bytesOf(items)),
    (bytes) => bytes.byteLength,
  )

export interface Encoding {
  /** The call that is answered: its row tells an error of deltatape. */
  readonly call: Call
  readonly observed: Observed
  readonly encode: Encode
}

/** If all of an answer is there, it is sent in one piece. */
export function replyTo(answer: Answer, encoding: Encoding): Reply {
  const { head, records } = answer
  return {
    status: head.status,
    headers: headersOf(answer, encoding.call),
    body: isDue(records) ? inOne(records, answer, encoding) : chunksOf(answer, encoding),
  }
}

/** The headers of the last answer with the same fate: those of a fixture come again with it. */
const known = new WeakMap<Action, { readonly from: Headers; readonly headers: Headers }>()

/**
 * The headers of the answer that can be sent, and are true: a fixture may say of its body how long it is, and that it has a
 * coding, which was taken off when it was recorded. And what the client is told of the fixture.
 */
function headersOf({ head: { headers: from }, action }: Answer, { method }: Call): Headers {
  const before = action && known.get(action)
  if (before?.from === from) return before.headers
  const own = passedDown(sendable(from), decodingOf(headerOf(from, 'content-encoding')) !== undefined)
  if (action === undefined) return own
  // What is sent has a length of its own, but for HEAD, which says how long another answer is.
  const headers = [...(method === 'HEAD' ? own : withoutLength(own)), ...told(action)]
  known.set(action, { from, headers })
  return headers
}

/** What the client is told of the fixture. A name may hold letters of any script, which a header cannot. */
const told = ({ fixture, derived }: Action): Headers => [
  ['x-deltatape-fixture', encodeURI(fixture.toWellFormed())],
  ...(derived ? [['x-deltatape-derived', derived] as const] : []),
]

function inOne(records: Iterable<Batch>, answer: Answer, { call, observed, encode }: Encoding): Reply['body'] {
  const parts: Buffer<ArrayBuffer>[] = []
  let sent = 0
  try {
    for (const batch of records) {
      const bytes = encode(batch)
      observed.take(batch, bytes.byteLength)
      sent += batch.count
      parts.push(bytes)
    }
  } catch (error) {
    const { bytes, isBroken } = endOf(observed.failed(error), answer, { call, sent })
    if (bytes.length > 0) parts.push(bytes)
    if (isBroken) return breaking(parts)
  } finally {
    observed.ended(answer.action)
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
}

async function* breaking(parts: readonly Buffer<ArrayBuffer>[]): Chunks {
  if (parts.length > 0) yield Buffer.concat(parts)
  throw new BrokenError('The answer broke.')
}

async function* chunksOf(answer: Answer, { call, observed, encode }: Encoding): Chunks {
  let sent = 0
  try {
    for await (const batch of answer.records) {
      const bytes = encode(batch)
      observed.take(batch, bytes.byteLength)
      sent += batch.count
      yield bytes
    }
  } catch (error) {
    const { bytes, isBroken } = endOf(observed.failed(error), answer, { call, sent })
    if (bytes.length > 0) yield bytes
    if (isBroken) throw new BrokenError('The answer broke.', { cause: error })
  } finally {
    await readToTheEnd(answer.records)
    observed.ended(answer.action)
  }
}

const NONE = Buffer.alloc(0)

/** How an answer that has begun is ended for an error: as the API's own ended, or with an error event of our own. */
function endOf(
  cause: DeltatapeError | undefined,
  { head }: Answer,
  { call, sent }: { readonly call: Call; readonly sent: number },
): { bytes: Buffer<ArrayBuffer>; isBroken: boolean } {
  if (cause === undefined) return { bytes: NONE, isBroken: false }
  const end = cause instanceof ModelError ? cause.failure.end : undefined
  if (end === 'truncated' || end === 'malformed') return { bytes: NONE, isBroken: false }
  if (end !== undefined || cause.code === 'dropped' || !isStream(head.framing)) return { bytes: NONE, isBroken: true }
  const place = { call, sent, last: undefined, framing: head.framing, isFailure: false }
  return { bytes: bytesOf(call.api.failing(troubleOf(cause, call.api), place)), isBroken: false }
}
