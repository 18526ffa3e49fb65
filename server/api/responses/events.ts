/** What one event of the Responses API says: whether it ends the answer, its part, its failure. */
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts'
import type { Asked } from '../api.ts'
import type { ModelEvent } from '../event.ts'
import { type TellsOf, tell } from '../failure.ts'

/** The failure that an event tells of, if it does, in the API's own words. */
export function failureOf(event: ModelEvent): TellsOf | undefined {
  const { type, body } = event
  if (type === 'error') {
    return { code: 'upstream_error', message: tell('The API sent an error', isObject(body.error) ? body.error : body) }
  }
  const { response } = body
  if (type !== 'response.failed' && !(finalResponseOf(event) && statusOf(event) === 'failed')) return undefined
  const error = isObject(response) ? response.error : undefined
  return { code: 'upstream_failed', message: tell('The API failed to answer', error) }
}

/** The id of the answer: that of the first event that carries a response. */
export function responseIdOf(events: readonly ModelEvent[]): string | undefined {
  for (const { body } of events) {
    if (isObject(body.response) && typeof body.response.id === 'string') return body.response.id
  }
  return undefined
}

/** The part of an answer that an event belongs to: its deltas and what ends it have the same. */
export function partOf({ body, type }: ModelEvent): string {
  const { output_index, item_id, content_index, summary_index, command_index } = body
  const family = type.slice(0, type.lastIndexOf('.'))
  return JSON.stringify([family, output_index ?? item_id, content_index, summary_index, command_index])
}

const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed', 'error'])

/** Whether an event ends its answer. After `error` the API may still send `response.failed`. */
export const isTerminal = (event: ModelEvent): boolean => TERMINAL.has(event.type)

/** Types of events that carry a response and begin an answer, whatever status a gateway puts into it. */
const BEGINNING: ReadonlySet<string> = new Set(['response.created', 'response.queued', 'response.in_progress'])

const FINAL_STATUS: ReadonlySet<JsonValue | undefined> = new Set(['completed', 'incomplete', 'failed', 'cancelled'])

/**
 * The response of an event that may end the answer, whatever its type: some gateways end with types of their own, such
 * as `response.done`. It ends the answer if no other event follows.
 */
export function finalResponseOf({ type, body }: ModelEvent): JsonObject | undefined {
  const { response } = body
  if (!isObject(response) || BEGINNING.has(type)) return undefined
  return FINAL_STATUS.has(response.status) ? response : undefined
}

/** The event that ends an answer: the first of a terminal type, or else the last one if it carries a final response. */
export function terminalOf(events: readonly ModelEvent[]): ModelEvent | undefined {
  const end = events.find(isTerminal)
  if (end) return end
  const last = events.at(-1)
  return last && finalResponseOf(last) ? last : undefined
}

/** Statuses of a response that say more than the type of the event that carries it. */
const NOT_COMPLETED: ReadonlySet<JsonValue | undefined> = new Set(['incomplete', 'failed', 'cancelled'])

/** The word for how an answer ended, whatever the type of the event that says it. */
export function statusOf(end: ModelEvent): 'completed' | 'incomplete' | 'failed' | 'error' {
  const said = isObject(end.body.response) ? end.body.response.status : undefined
  const byType = isTerminal(end) ? end.type.replace('response.', '') : undefined
  const isContradicted = byType === 'completed' && NOT_COMPLETED.has(said)
  const status = byType === undefined || isContradicted ? said : byType
  if (status === 'incomplete' || status === 'error') return status
  return status === 'failed' || status === 'cancelled' ? 'failed' : 'completed'
}

/** Whether a call asks for a new answer. */
export const creates = ({ method, path }: Pick<Asked, 'method' | 'path'>): boolean =>
  method === 'POST' && /^(?:\/v1)?\/responses$/.test(path)

/**
 * Whether the model finished what it was asked for, so that the answer is worth keeping. A body without events is none:
 * a redirect, or nothing at all. A response that somebody cancelled is what the call that cancelled it was to answer.
 */
export function isFinished(call: Pick<Asked, 'method' | 'path'>, events: readonly ModelEvent[]): boolean {
  if (events.length === 0) return false
  const end = terminalOf(events)
  if (!end) return true
  const status = statusOf(end)
  return status === 'completed' || status === 'incomplete' || (!creates(call) && end.type === 'response.cancelled')
}
