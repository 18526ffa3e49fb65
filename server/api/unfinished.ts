/** Whether an answer says that what was asked about is not finished yet: whoever polls asks again. */
import { type JsonObject, parseObject } from '../base/json.ts'
import { type AnswerRecord, textOf } from './record.ts'
import { objectOf } from './told.ts'

/** Words of APIs for work that goes on: `in_progress`, `BATCH_STATE_RUNNING`, `InProgress`. */
const GOES_ON =
  /(?:queued|pending|inprogress|running|processing|preprocessing|starting|validating|finalizing|cancell?ing|submitted|scheduled|waiting)$/

const ACCEPTED = 202

/** The longest body that is looked into, in characters: one that tells of work that goes on is short. */
const MAX_CHARS = 256 * 1024

/** @param status the HTTP status */
export function isUnfinished(status: number, records: readonly AnswerRecord[]): boolean {
  if (status === ACCEPTED) return true
  if (records.reduce((sum, { wire }) => sum + wire.length, 0) > MAX_CHARS) return false
  const body = parseObject(textOf(records) ?? '')
  return body !== undefined && [body, objectOf(body.metadata)].some(goesOn)
}

const goesOn = (body: JsonObject): boolean =>
  body.done === false ||
  [body.status, body.state, body.processing_status].some(
    (word) => typeof word === 'string' && GOES_ON.test(word.toLowerCase().replaceAll(/[^a-z]/g, '')),
  )
