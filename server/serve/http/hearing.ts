/** What an answer says, in numbers: how long its text is, and the tokens that its API counts. */
import type { Api } from '../../api/api.ts'
import type { AnswerRecord, Batch } from '../../api/record.ts'
import type { JsonObject } from '../../base/json.ts'
import { rememberStep } from '../../base/memo.ts'

export interface Heard {
  /** How many characters the text has; undefined if it is not known. */
  readonly chars: number | undefined
  readonly usage: JsonObject | undefined
}

/** Hears one answer. */
export interface Ear {
  take(batch: Batch): void
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

/** How many records are kept of a longer one: the tokens stand in its last events. */
const LAST_RECORDS = 8

/** What of an answer came so far. */
interface Past {
  readonly before: Past | undefined
  readonly items: readonly AnswerRecord[]
  /** How long all of it is, in characters. */
  readonly chars: number
}

export function createHearing(): Hearing {
  const starts = new Map<Api, Past>()
  const known = new WeakMap<Past, Heard>()
  const step = rememberStep((past: Past, { items }: Batch) => withMore(past, items))
  return (api) => {
    let past = starts.get(api) ?? { before: undefined, items: [], chars: 0 }
    starts.set(api, past)
    return {
      take: (batch) => void (past = step(past, batch)),
      heard() {
        const heard = known.get(past) ?? heardIn(api, past)
        known.set(past, heard)
        return heard
      },
    }
  }
}

function withMore(past: Past, items: readonly AnswerRecord[]): Past {
  const chars = items.reduce((sum, { wire }) => sum + wire.length, past.chars)
  if (chars <= MAX_STREAM_CHARS) return { before: past, items, chars }
  return { before: undefined, items: [...past.items, ...items].slice(-LAST_RECORDS), chars }
}

function heardIn(api: Api, past: Past): Heard {
  const parts: (readonly AnswerRecord[])[] = []
  for (let at: Past | undefined = past; at; at = at.before) parts.push(at.items)
  const records = parts.toReversed().flat()
  const isStream = records.some(({ event }) => event !== undefined)
  if (!isStream && past.chars > MAX_BODY_CHARS) return { chars: undefined, usage: undefined }
  const { pieces, usage } = api.told(api.events(records))
  const isWhole = past.chars <= MAX_STREAM_CHARS && pieces.length > 0
  return { chars: isWhole ? pieces.reduce((sum, { text }) => sum + text.length, 0) : undefined, usage }
}
