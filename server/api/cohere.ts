/** Cohere's chat, of both versions. */
import type { JsonObject } from '../base/json.ts'
import { any } from './any.ts'
import type { Api, Trouble } from './api.ts'
import { eventsOrBody } from './body.ts'
import { errorRecords } from './error-records.ts'
import { EVENT_STREAM, sseEvent } from './error.ts'
import type { ModelEvent } from './event.ts'
import { type TellsOf, failureIn, tell } from './failure.ts'
import { type Said, followBy } from './follow.ts'
import { repeatsBy } from './repeats.ts'
import { lastOfUser, textIn, unlessStreamed } from './request.ts'
import { type Teller, objectOf, objectsIn, tellBy } from './told.ts'

/** The first version answers in lines. */
const PATH = /(?:^|\/)v([12])\/chat$/

function failureOf(event: ModelEvent): TellsOf | undefined {
  const delta = objectOf(event.body.delta)
  if ((delta.finish_reason ?? event.body.finish_reason) !== 'ERROR') return failureIn(event)
  const error = delta.error ?? event.body.error
  const message = typeof error === 'string' ? error : ''
  return { code: 'upstream_error', message: tell('The API sent an error', { message }) }
}

const look =
  () =>
  (event: ModelEvent): Said => {
    if (failureOf(event)) return 'failed'
    return event.type === 'message-end' || event.body.is_finished === true ? 'whole' : undefined
  }

function tellEvent({ at, type, body }: ModelEvent, teller: Teller): void {
  const delta = objectOf(body.delta)
  const message = objectOf(delta.message ?? body.message)
  // What it is about to do with its tools is no part of the answer.
  teller.thought(at, message.tool_plan)
  for (const { thinking } of [objectOf(message.content), ...objectsIn(message.content)]) teller.thought(at, thinking)
  teller.text(at, textIn(message.content))
  if (typeof body.text === 'string' && (type === '' || body.event_type === 'text-generation'))
    teller.text(at, body.text)
  const call = objectOf(objectOf(message.tool_calls).function)
  if (type.startsWith('tool-call')) teller.call(body.index ?? 0, call.name, call.arguments)
  for (const [place, { function: called }] of objectsIn(message.tool_calls).entries()) {
    teller.call(place, objectOf(called).name, objectOf(called).arguments)
  }
  // The first version tells its calls in one piece.
  for (const [place, { name, parameters }] of objectsIn(body.tool_calls).entries()) teller.call(place, name, parameters)
  teller.usage(delta.usage ?? body.usage ?? objectOf(body.response).meta ?? body.meta)
  teller.reason(delta.finish_reason ?? body.finish_reason)
}

const bodyOf = ({ message }: Trouble): JsonObject => ({ message })

export const cohere: Api = {
  ...any,
  name: 'cohere',
  owns: ({ method, path }) => method === 'POST' && PATH.test(path),
  keyed: unlessStreamed(any.keyed),
  lastUserText: ({ messages, message }) => lastOfUser(messages, 'content') || textIn(message),
  repeats: repeatsBy((body) => [body.delta, body.message]),
  follow: followBy({ look }),
  events: eventsOrBody,
  isFinished: (_call, events) => !events.some(failureOf),
  failureOf,
  told: tellBy(tellEvent),
  streamType: ({ path }, { stream }) =>
    stream !== true ? undefined : PATH.exec(path)?.[1] === '1' ? 'application/stream+json' : EVENT_STREAM,
  refused: (trouble) => ({ body: bodyOf(trouble) }),
  failing({ message }, { framing, sent }) {
    const error = { finish_reason: 'ERROR', error: message }
    if (framing === 'sse') return [sseEvent({ type: 'message-end', delta: error }, 'message-end')]
    return errorRecords([{ event_type: 'stream-end', is_finished: true, ...error }], { framing: 'lines', sent })
  },
}
