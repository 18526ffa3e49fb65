/** What an answer of the Responses API says, for those who show it. */
import { type JsonObject, isObject } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'
import type { Piece, Told } from '../told.ts'
import { readAnswer } from './answer.ts'
import { createCalls } from './calls.ts'
import { failureOf, statusOf, terminalOf } from './events.ts'
import { createThoughts } from './thoughts.ts'

export function told(events: readonly ModelEvent[]): Told {
  const reader = readAnswer()
  const [thoughts, calls] = [createThoughts(), createCalls()]
  const pieces: Piece[] = []
  let usage: JsonObject | undefined
  for (const [index, event] of events.entries()) {
    for (const text of reader.read(event)) if (text !== '') pieces.push({ at: event.at, text, event: index })
    thoughts.read(event, index)
    calls.read(event, index)
    const { response } = event.body
    if (isObject(response) && isObject(response.usage)) usage = response.usage
  }
  const last = terminalOf(events)
  return {
    pieces,
    thoughts: thoughts.pieces,
    calls: calls.pieces,
    output: reader.output,
    usage,
    status: last && statusOf(last),
    why: last && whyOf(last),
  }
}

function whyOf(last: ModelEvent): string | undefined {
  const { response } = last.body
  const details = isObject(response) ? response.incomplete_details : undefined
  if (isObject(details) && typeof details.reason === 'string') return `The answer was cut short: ${details.reason}.`
  return failureOf(last)?.message
}
