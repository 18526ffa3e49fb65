/** What an answer says, in numbers: how long its text is, and the tokens that its API counts. */
import type { Api } from '../../api/api.ts'
import type { AnswerRecord, Batch } from '../../api/record.ts'
import type { JsonObject } from '../../base/json.ts'
import { remember } from '../../base/memo.ts'

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

/** Makes an ear for each answer; what was heard in a batch that comes again is remembered. */
export type Hearing = (api: Api) => Ear

/**
 * How much of an answer is kept until its end, in characters: the events of a stream are parsed, and take some
 * milliseconds to be read once more. A body in one piece is not.
 */
const MAX_STREAM_CHARS = 1024 * 1024
const MAX_BODY_CHARS = 128 * 1024

/** How many records are kept of a longer one: the tokens stand in its last events. */
const LAST_RECORDS = 8

export function createHearing(): Hearing {
  const known = new Map<Api, (batch: Batch) => Heard>()
  return (api) => {
    const hear = known.get(api) ?? remember(({ items }: Batch) => heardIn(api, items))
    known.set(api, hear)
    let only: Batch | undefined
    let records: AnswerRecord[] = []
    let count = 0
    let chars = 0
    return {
      take(batch) {
        count++
        if (count === 1) {
          only = batch
          return
        }
        for (const { items } of only ? [only, batch] : [batch]) {
          for (const record of items) {
            records.push(record)
            chars += record.wire.length
          }
        }
        only = undefined
        if (chars > MAX_STREAM_CHARS) records = records.slice(-LAST_RECORDS)
      },
      heard() {
        if (only) return hear(only)
        const { usage, chars: counted } = heardIn(api, records)
        return { usage, chars: chars > MAX_STREAM_CHARS ? undefined : counted }
      },
    }
  }
}

function heardIn(api: Api, records: readonly AnswerRecord[]): Heard {
  const isStream = records.some(({ event }) => event !== undefined)
  const size = isStream ? 0 : records.reduce((sum, { wire }) => sum + wire.length, 0)
  if (size > MAX_BODY_CHARS) return { chars: undefined, usage: undefined }
  const { pieces, usage } = api.told(api.events(records))
  return { chars: pieces.length === 0 ? undefined : pieces.reduce((sum, { text }) => sum + text.length, 0), usage }
}
