/** What an answer says, for those who note it: how long its text is, the tokens that its API counts, and how it failed. */
import type { Api } from '../api/api.ts'
import type { AnswerRecord, Batch } from '../api/record.ts'
import { toldOf } from '../api/told.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { fresh, rememberStep } from '../base/memo.ts'

export interface Heard {
  /** How many characters the text has; undefined if it is not known. */
  readonly chars: number | undefined
  readonly usage: JsonObject | undefined
  /** The failure that the API tells of. */
  readonly failure: ErrorCode | undefined
}

/** Hears one answer. */
export interface Ear {
  take(batch: Batch): void
  /** Tells what was heard. Nothing more is taken. */
  heard(): Heard
}

/** Makes an ear for each answer; what was heard in batches that come again is remembered. */
export type Hearing = (api: Api) => Ear

/**
 * How much of an answer is kept until its end, in characters: the events of a stream are parsed, and take some
 * milliseconds to be read once more. A body in one piece is not.
 */
const MAX_STREAM_CHARS = 1024 * 1024
const MAX_BODY_CHARS = 128 * 1024

/** How much of all answers is kept that are under way. Of any more the tokens alone are told. In characters. */
const MAX_KEPT_CHARS = 16 * 1024 * 1024

/** How much is kept of an answer that is too long: the tokens stand in its last events. */
const MAX_LAST_CHARS = 16 * 1024

/** What of an answer came so far. */
interface Past {
  readonly before: Past | undefined
  /** Not its items: they may go meanwhile. */
  readonly batch: Batch
  /** How long all of it is, in characters. */
  readonly chars: number
  /** Whether all of it is kept. */
  readonly isWhole: boolean
}

export function createHearing(): Hearing {
  const starts = new Map<Api, Past>()
  const known = new WeakMap<Past, Heard>()
  const step = rememberStep(withMore)
  let keptChars = 0
  return (api) => {
    let past = starts.get(api) ?? { before: undefined, batch: NOTHING, chars: 0, isWhole: true }
    starts.set(api, past)
    /** What this answer has of that. */
    let own = 0
    const release = () => {
      keptChars -= own
      own = 0
    }
    return {
      take(batch) {
        const next = step(past, batch)
        // What comes again is in memory anyway.
        const more = batch.kept ? 0 : next.chars - past.chars
        past = next.isWhole && keptChars + more > MAX_KEPT_CHARS ? ended(next) : next
        if (!past.isWhole) return release()
        own += more
        keptChars += more
      },
      heard() {
        release()
        const before = known.get(past)
        if (before) return before
        const heard = heardIn(api, past)
        known.set(past, heard)
        return heard
      },
    }
  }
}

const NOTHING: Batch = fresh([])

function withMore(before: Past, batch: Batch): Past {
  const chars = batch.items.reduce((sum, { wire }) => sum + wire.length, before.chars)
  const past = { before, batch, chars, isWhole: before.isWhole && chars <= MAX_STREAM_CHARS }
  return past.isWhole ? past : ended(past)
}

/** The same without all but its last records. */
function ended({ before, batch, chars }: Past): Past {
  const last: AnswerRecord[] = []
  let left = MAX_LAST_CHARS
  for (const record of [...(before?.batch.items ?? []), ...batch.items].toReversed()) {
    left -= record.wire.length
    if (left < 0) break
    last.unshift(record)
  }
  return { before: undefined, batch: fresh(last), chars, isWhole: false }
}

function heardIn(api: Api, past: Past): Heard {
  const parts: (readonly AnswerRecord[])[] = []
  for (let at: Past | undefined = past; at; at = at.before) parts.push(at.batch.items)
  const records = parts.toReversed().flat()
  const isStream = records.some(({ event }) => event !== undefined)
  if (!isStream && past.chars > MAX_BODY_CHARS) return { chars: undefined, usage: undefined, failure: undefined }
  const events = api.events(records)
  const { pieces, usage } = toldOf(api, events)
  const isTold = past.isWhole && pieces.length > 0
  return {
    chars: isTold ? pieces.reduce((sum, { text }) => sum + text.length, 0) : undefined,
    usage,
    failure: events.map((event) => api.failureOf(event)).find((failure) => failure !== undefined)?.code,
  }
}
