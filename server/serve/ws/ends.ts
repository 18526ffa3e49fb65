/** How the records of an answer end a turn, beside the events whose types say so. */
import type { ModelEvent } from '../../api/event.ts'
import type { AnswerRecord } from '../../api/record.ts'
import { finalResponseOf, isTerminal, statusOf } from '../../api/responses/events.ts'

/** The data of a record that breaks the answer: neither an event nor what gateways end their streams with. */
export const flawIn = ({ data }: AnswerRecord): string | undefined =>
  data === undefined || data === '[DONE]' || data.trim() === '' ? undefined : data

/** An event that ends the answer if no other follows: some gateways end with types of their own. */
export const mayEnd = (event: ModelEvent): boolean => !isTerminal(event) && finalResponseOf(event) !== undefined

/** The same event under the type that the API would have given it. */
export const asTerminal = (event: ModelEvent): ModelEvent => ({ ...event, type: `response.${statusOf(event)}` })
