/** How a stream of the Responses API ends in failure. */
import { isObject } from '../../base/json.ts'
import type { Place, Trouble } from '../api.ts'
import { errorOf, sseEvent } from '../error.ts'
import type { AnswerRecord } from '../record.ts'

/** A response that fails before anything is known of it: programs read none without these members. */
const UNBEGUN = { id: 'resp_unbegun', object: 'response', created_at: 0, model: '', output: [] }

/** `error`, with `response.failed` after it where the fault is the API's own; or the latter alone. */
export function failing(trouble: Trouble, { sent, last, isFailure }: Place): AnswerRecord[] {
  if (trouble.code !== 'server_error')
    return [sseEvent({ type: 'error', status: trouble.status, error: errorOf(trouble) }, 'error')]
  const { code, message } = trouble
  const response = isObject(last?.body.response) ? last.body.response : UNBEGUN
  const failed = { ...response, status: 'failed', error: { code, message } }
  const error = { type: 'server_error', code, message, param: null }
  const events = [
    ...(isFailure ? [] : [{ type: 'error', sequence_number: sent, error }]),
    { type: 'response.failed', sequence_number: sent + (isFailure ? 0 : 1), response: failed },
  ]
  return events.map((event) => sseEvent(event, event.type))
}
