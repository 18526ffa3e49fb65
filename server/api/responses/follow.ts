/** Whether an answer of the Responses API is whole: what its records say, one after another. */
import type { ModelEvent } from '../event.ts'
import { type Said, followBy } from '../follow.ts'
import { finalResponseOf, isTerminal } from './events.ts'

/** After `error` the API still sends `response.failed`. An event with a final response ends the answer if nothing follows it. */
const look =
  () =>
  (event: ModelEvent): Said => {
    if (event.type === 'error') return 'failed'
    if (isTerminal(event)) return 'whole'
    return finalResponseOf(event) ? 'last' : undefined
  }

export const follow = followBy({ look })
