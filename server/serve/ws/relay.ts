/** One answer → the messages of one turn. */
import { ModelError, RefusedError } from '../../api/ending.ts'
import { isStream } from '../../api/framing/index.ts'
import type { Batch } from '../../api/record.ts'
import { type List, fresh, remember } from '../../base/memo.ts'
import { type Answer, isDue } from '../../model/model.ts'
import type { Redact, Turn } from './dialect.ts'

export interface RelayOptions {
  readonly redact: Redact
  /** Sends messages; gives a promise if the client has to read first. */
  readonly send: (messages: List<string>) => Promise<void> | undefined
  readonly signal: AbortSignal
}

/** How much of the body of a refusal is kept, in characters. */
const MAX_REFUSAL_CHARS = 1024 * 1024

/** Of an answer without events the beginning is kept, to say what it was: batches up to this many characters. */
const MAX_EXCERPT_CHARS = 500

/**
 * Encodes an answer to its end.
 *
 * @throws RefusedError if the API refused the call; ModelError if the answer broke, or was no event stream
 */
export async function relay(answer: Answer, turn: Turn, { redact, send, signal }: RelayOptions): Promise<void> {
  if (answer.head.status >= 300) throw await refusalOf(answer, redact)
  let excerpt = ''
  let hasEvents = false
  const take = (batch: Batch): Promise<void> | undefined => {
    hasEvents ||= holdsEvents(batch)
    if (!hasEvents && excerpt.length < MAX_EXCERPT_CHARS) excerpt += textFrom(batch)
    return send(turn.push(batch))
  }
  const isForeign = () => !hasEvents && !isStream(answer.head.framing)
  const malformed = () => new ModelError({ end: 'malformed', why: redact.body(excerpt) })
  try {
    const { records } = answer
    if (!isDue(records)) for await (const batch of records) await take(batch)
    else
      for (const batch of records) {
        const read = take(batch)
        // Nothing is waited for but a client that has to read first.
        if (!read) continue
        await read
        signal.throwIfAborted()
      }
  } catch (error) {
    // A page may keep its connection open for ever: it is not an answer all the same.
    throw isForeign() && excerpt !== '' && isStall(error) ? malformed() : error
  }
  const last = turn.finish()
  if (last.length > 0) await send(fresh(last))
  if (turn.hasEnded()) return
  throw isForeign() ? malformed() : new Error('The model ended without a terminal event.')
}

const holdsEvents = remember(({ items }: Batch) => items.some(({ event }) => event !== undefined))

const isStall = (error: unknown): boolean => error instanceof ModelError && error.failure.end === 'stalled'

/** The error for an answer that is a refusal: its status counts, and as much of its body as comes. */
async function refusalOf({ head, records }: Answer, redact: Redact): Promise<RefusedError> {
  let body = ''
  try {
    for await (const batch of records) if (body.length < MAX_REFUSAL_CHARS) body += textFrom(batch)
  } catch (error) {
    // A refusal whose body breaks is still one.
    if (!(error instanceof ModelError)) throw error
  }
  const { status, headers } = head
  return new RefusedError({ status, headers, body: redact.body(body.slice(0, MAX_REFUSAL_CHARS).toWellFormed()) })
}

/** The text of a batch; what is no UTF-8 becomes U+FFFD. */
const textFrom = ({ items }: Batch): string =>
  items.map(({ wire }) => (typeof wire === 'string' ? wire : Buffer.from(wire).toString('utf8'))).join('')
