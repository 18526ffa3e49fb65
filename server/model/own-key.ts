/** Keeps the server's own key from clients: an API that refuses it may repeat it. */
import type { ModelEvent } from '../api/event.ts'
import type { Headers } from '../api/headers.ts'
import { dataOf, wireOf } from '../api/framing/framing.ts'
import { rewritten } from '../api/framing/index.ts'
import { parseSseRecord } from '../api/framing/sse.ts'
import type { AnswerRecord } from '../api/record.ts'
import { placeholderFor } from '../redact/match.ts'
import { isPlainWord } from '../redact/secrets.ts'

/** Puts a placeholder where the key stood, in one answer. */
export interface Placeholder {
  headers(headers: Headers): Headers
  /**
   * In events that tell of a failure, and in what is no event: a failed response in one piece, a page of a gateway. What
   * does not hold the key comes back as it is. What may be the beginning of the key waits for the next piece.
   *
   * @param isLast whether nothing more comes
   */
  records(records: readonly AnswerRecord[], isLast: boolean): readonly AnswerRecord[]
}

/** From this length on a key is told from an ordinary word. In characters. */
const MIN_KEY_CHARS = 8

/**
 * Gives undefined if there is no key that could be told from an ordinary word.
 *
 * @param tellsOfFailure whether an event does: others are handed on as they are, for the words of a model are its own
 */
export function hideKey(
  key: string | undefined,
  tellsOfFailure: (event: ModelEvent) => boolean,
): Placeholder | undefined {
  if (key === undefined || key.length < MIN_KEY_CHARS || isPlainWord(key)) return undefined
  const hide = (text: string) => text.replaceAll(key, placeholderFor('api-key'))
  const pieces = createPieces(key, hide)

  /** Data that came in several lines stay in them. */
  const hiddenIn = (record: AnswerRecord, data: string): AnswerRecord => {
    const { wire, at } = record
    const isInLines = typeof wire === 'string' && !wire.includes(data) && /^data/m.test(wire)
    return isInLines ? parseSseRecord(hide(wire), at) : rewritten(record, hide(data), hide)
  }
  const inRecord = (record: AnswerRecord): readonly AnswerRecord[] => {
    const { event, wire, at } = record
    const data = dataOf(record)
    if (data === undefined) return pieces.take(record)
    const isOther = !holds(wire, key) || (event && !tellsOfFailure(event))
    return [...pieces.rest(at), isOther ? record : hiddenIn(record, data)]
  }
  return {
    headers: (headers) => headers.map(([name, value]) => [name, hide(value)] as const),
    records(records, isLast) {
      const hidden = records.flatMap(inRecord)
      return isLast ? [...hidden, ...pieces.rest(hidden.at(-1)?.at ?? pieces.since())] : hidden
    },
  }
}

const holds = (wire: AnswerRecord['wire'], text: string): boolean =>
  typeof wire === 'string' ? wire.includes(text) : Buffer.from(wire).includes(text)

/** Pieces of a body, in which the network may have cut the key in two. */
function createPieces(key: string, hide: (text: string) => string) {
  /** The end of the last piece, if the key may go on in the next one; in the characters of single bytes. */
  let held = ''
  let since = 0
  const piece = (text: string, at: number): AnswerRecord[] =>
    text === '' ? [] : [{ at, wire: wireOf(Buffer.from(text, 'latin1')) }]
  return {
    /** When what is held came, in ms since the call was sent. */
    since: () => since,
    take(record: AnswerRecord): readonly AnswerRecord[] {
      const text = held + Buffer.from(record.wire).toString('latin1')
      const hidden = hide(text)
      const before = held
      held = beginningOf(key, hidden)
      since = record.at
      if (before === '' && held === '' && hidden === text) return [record]
      return piece(hidden.slice(0, hidden.length - held.length), record.at)
    },
    /** What was held is no key. */
    rest(at: number): readonly AnswerRecord[] {
      const rest = piece(held, at)
      held = ''
      return rest
    },
  }
}

/** The longest end of a text with which the key begins. */
function beginningOf(key: string, text: string): string {
  for (let length = Math.min(key.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(key.slice(0, length))) return key.slice(0, length)
  }
  return ''
}
