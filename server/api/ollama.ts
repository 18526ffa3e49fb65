/** Ollama's own API: lines of JSON. */
import type { JsonObject } from '../base/json.ts'
import { any } from './any.ts'
import type { Api, Trouble } from './api.ts'
import { eventsOrBody } from './body.ts'
import { errorRecords } from './error-records.ts'
import type { ModelEvent } from './event.ts'
import { failureIn } from './failure.ts'
import { type Said, followBy } from './follow.ts'
import { repeatsBy } from './repeats.ts'
import { lastOfUser, leavingOut, textIn } from './request.ts'
import { type Teller, objectOf, objectsIn, tellBy } from './told.ts'

/** The endpoints that stream unless they are told not to. */
const STREAMING = /\/api\/(?:chat|generate|pull|push|create)$/

const PATH = /\/api\/(?:chat|generate|pull|push|create|embed|embeddings|tags|show|ps|copy|delete|version)$/

const look =
  () =>
  (event: ModelEvent): Said => {
    if (failureIn(event)) return 'failed'
    return event.body.done === true || event.body.status === 'success' ? 'whole' : undefined
  }

function tellEvent({ at, body }: ModelEvent, teller: Teller): void {
  const message = objectOf(body.message)
  teller.thought(at, message.thinking ?? body.thinking)
  teller.text(at, message.content ?? body.response)
  for (const call of objectsIn(message.tool_calls)) {
    const { name, arguments: args } = objectOf(call.function)
    teller.call(undefined, name, args)
  }
  const counts = ['prompt_eval_count', 'eval_count'].flatMap((name) => {
    const count = body[name]
    return typeof count === 'number' ? [[name, count] as const] : []
  })
  if (counts.length > 0) teller.usage(Object.fromEntries(counts))
  teller.reason(body.done_reason)
}

const bodyOf = ({ message }: Trouble): JsonObject => ({ error: message })

export const ollama: Api = {
  ...any,
  name: 'ollama',
  owns: ({ path }) => PATH.test(path),
  keyed: leavingOut('keep_alive'),
  lastUserText: ({ messages, prompt, input }) => lastOfUser(messages, 'content') || textIn(prompt ?? input),
  repeats: repeatsBy((body) => [body.message]),
  follow: followBy({ look }),
  events: eventsOrBody,
  isFinished: (_call, events) => !events.some(failureIn),
  told: tellBy(tellEvent),
  volatile: new Set(['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration', 'context']),
  streamType: ({ path }, { stream }) => (STREAMING.test(path) && stream !== false ? 'application/x-ndjson' : undefined),
  refused: (trouble) => ({ body: bodyOf(trouble) }),
  failing: (trouble, { sent }) => errorRecords([bodyOf(trouble)], { framing: 'lines', sent }),
}
