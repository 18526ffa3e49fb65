/** What one event of the Responses API says: whether it ends the answer, its part, its failure. */
import type { ErrorCode } from '../../base/errors.ts'
import { type JsonValue, isObject } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'

/** The failure that an event tells of, if it does, in the API's own words. */
export function failureOf({ type, body }: ModelEvent): { code: ErrorCode; message: string } | undefined {
  if (type === 'response.failed') {
    const error = isObject(body.response) ? body.response.error : undefined
    return { code: 'upstream_failed', message: tell('The API failed to answer', error) }
  }
  if (type !== 'error') return undefined
  return { code: 'upstream_error', message: tell('The API sent an error', isObject(body.error) ? body.error : body) }
}

/** What the API says of its failure: `{ code, message }`, either of which may be missing. */
function tell(what: string, error: JsonValue | undefined): string {
  if (!isObject(error)) return `${what}.`
  const code = typeof error.code === 'string' && error.code !== '' ? ` (${error.code})` : ''
  const message = typeof error.message === 'string' ? error.message.trim().replace(/\.$/, '') : ''
  return message ? `${what}: ${message}${code}.` : `${what}${code}.`
}

/** The id of the answer: that of the first event that carries a response. */
export function responseIdOf(events: readonly ModelEvent[]): string | undefined {
  for (const { body } of events) {
    if (isObject(body.response) && typeof body.response.id === 'string') return body.response.id
  }
  return undefined
}

/** The tokens that an answer was made of and made up, as the API counts them. */
export interface Tokens {
  readonly input: number
  readonly output: number
}

/** The tokens of the response in which an answer ended. */
export function tokensOf(events: readonly ModelEvent[]): Tokens {
  const response = events.find(isTerminal)?.body.response
  const usage = isObject(response) && isObject(response.usage) ? response.usage : {}
  const count = (value: JsonValue | undefined) => (typeof value === 'number' ? value : 0)
  return { input: count(usage.input_tokens), output: count(usage.output_tokens) }
}

/** The error that events tell of, for the log. */
export function failureIn(
  batch: readonly ModelEvent[],
  redact: (text: string) => string,
): { readonly code: ErrorCode; readonly message: string } | undefined {
  for (const { type, body } of batch) {
    const failed = type === 'response.failed'
    if (!failed && type !== 'error') continue
    const error = (failed ? isObject(body.response) && body.response.error : body.error) || body
    const message = isObject(error) && typeof error.message === 'string' ? redact(error.message) : ''
    return { code: failed ? 'upstream_failed' : 'upstream_error', message }
  }
  return undefined
}

/** The part of an answer that an event belongs to: its deltas and what ends it have the same. */
export function partOf({ body, type }: ModelEvent): string {
  const { output_index, item_id, content_index, summary_index, command_index } = body
  const family = type.slice(0, type.lastIndexOf('.'))
  return JSON.stringify([family, output_index ?? item_id, content_index, summary_index, command_index])
}

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed', 'error'])

/** Whether an event ends its answer. After `error` the API may still send `response.failed`. */
export const isTerminal = (event: ModelEvent): boolean => TERMINAL.has(event.type)

/** Whether the model finished what it was asked for, so that the answer is worth keeping: the first end counts. */
export function isFinished(events: readonly ModelEvent[]): boolean {
  const end = events.find(isTerminal)?.type
  return end === 'response.completed' || end === 'response.incomplete'
}
