/** Whether redacted records still are the answer that they were: rules of the user, and secrets in odd places, can harm. */
import type { Api } from '../api/api.ts'
import { type AnswerRecord, eventsIn, textOf } from '../api/record.ts'
import { parseJson } from '../base/json.ts'
import type { Left } from './left.ts'

/** What of a row, and of a call, says how an answer ended. */
export type Ends = Pick<Api, 'follow' | 'events' | 'isFinished'>
type Asked = Parameters<Api['isFinished']>[0]

/**
 * What redaction did to an answer that must not be written so, in words that complete "its redaction …". Undefined if
 * the answer has the records, the events and the end that it had.
 */
export function harmIn(
  before: readonly AnswerRecord[],
  after: readonly AnswerRecord[],
  api: Ends,
  call: Asked,
): string | undefined {
  if (before === after) return undefined
  if (before.length !== after.length) return `leaves ${after.length} of ${before.length} records`
  for (const [index, record] of before.entries()) {
    const [was, is] = [typeOf(record), typeOf(after[index])]
    if (was !== is) return `turns record ${index + 1} from ${was} into ${is}`
  }
  if (isJson(before) && !isJson(after)) return 'leaves a body that is no JSON'
  if (endOf(before, api, call) !== endOf(after, api, call)) return 'leaves an answer that ends otherwise'
  return undefined
}

function typeOf(record: AnswerRecord | undefined): string {
  if (record?.event) return `an event ${JSON.stringify(record.event.type)}`
  return record?.data === undefined ? 'no data' : 'data'
}

/** Whether the records are one JSON body. */
function isJson(records: readonly AnswerRecord[]): boolean {
  if (eventsIn(records).length > 0) return false
  const text = textOf(records)
  return text !== undefined && parseJson(text) !== undefined
}

function endOf(records: readonly AnswerRecord[], api: Ends, call: Asked): string {
  const follower = api.follow()
  const progress = records.map((record) => follower.take(record))
  const { end } = follower.end()
  return [end, api.isFinished(call, api.events(records)), progress.findIndex((each) => each !== 'open')].join()
}

/** What redaction left of secrets, in words that complete "its redaction …"; undefined if nothing is left. */
export const remainsOf = (left: readonly Left[]): string | undefined =>
  left.length === 0
    ? undefined
    : `leaves a piece of a secret (${[...new Set(left.map(({ kind }) => kind))].join(', ')})`
