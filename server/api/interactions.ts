/** Google's Interactions API. */
import { type JsonObject, type JsonValue, asText } from '../base/json.ts'
import { any } from './any.ts'
import type { Api } from './api.ts'
import { eventsOrBody } from './body.ts'
import { EVENT_STREAM, sseEvent } from './error.ts'
import type { ModelEvent } from './event.ts'
import { type TellsOf, failureIn, tell } from './failure.ts'
import { type Said, followBy } from './follow.ts'
import { googleError, nameOfStatus } from './google.ts'
import { repeatsBy } from './repeats.ts'
import { lastOfUser, leavingOut, modelIn, textIn, unlessStreamed } from './request.ts'
import { type Teller, objectOf, objectsIn, tellBy } from './told.ts'
import { createWords } from './words.ts'

/** By the end of the path, below a version: others have interactions, too. */
const PATH =
  /(?:^|\/v1(?:(?:alpha|beta)\d*)?(?:\/projects\/[^/]+\/locations\/[^/]+)?)\/interactions(?:\/[^/]+(?:\/cancel)?)?$/

/** The interaction that an event carries, or that a body is. */
const interactionIn = ({ body }: ModelEvent): JsonObject =>
  body.interaction === undefined ? body : objectOf(body.interaction)

function failureOf(event: ModelEvent): TellsOf | undefined {
  const { status, error } = interactionIn(event)
  if (status !== 'failed') return failureIn(event)
  return { code: 'upstream_failed', message: tell('The API failed to answer', error) }
}

/** Then `[DONE]` comes, but not through every gateway. */
const isEnd = ({ type }: ModelEvent): boolean => /^interaction\.completed?$/.test(type)

const look =
  () =>
  (event: ModelEvent): Said => {
    if (failureOf(event)) return 'failed'
    return isEnd(event) ? 'enough' : undefined
  }

/** How an interaction stands that goes on, or gave no answer. */
const WITHOUT_ANSWER: ReadonlySet<JsonValue | undefined> = new Set(['in_progress', 'queued', 'failed', 'cancelled'])

function tellEvent(event: ModelEvent, teller: Teller): void {
  const { at, body } = event
  const [step, delta] = [objectOf(body.step), objectOf(body.delta)]
  if (step.type === 'function_call') teller.call(body.index ?? 0, step.name, given(step.arguments))
  if (delta.type === 'text') teller.text(at, delta.text)
  if (delta.type === 'thought_summary') teller.thought(at, textIn(delta.content))
  const own = ownTool(delta)
  if (own !== undefined) teller.ran(body.index ?? 0, own, delta.arguments)
  if (delta.type === 'arguments_delta') teller.call(body.index ?? 0, undefined, delta.arguments)

  const { steps, outputs, usage, status } = interactionIn(event)
  for (const [index, each] of objectsIn(steps ?? outputs).entries()) {
    if (each.type === 'model_output') teller.text(at, textIn(each.content))
    if (each.type === 'text') teller.text(at, each.text)
    if (each.type === 'thought') teller.thought(at, textIn(each.summary))
    if (each.type === 'function_call') teller.call(index, each.name, each.arguments)
    const ran = ownTool(each)
    if (ran !== undefined) teller.ran(index, ran, each.arguments)
  }
  teller.usage(usage)
  if (!WITHOUT_ANSWER.has(status)) teller.reason(status)
}

/** The tool of the API's own that a step calls: `google_search` of a `google_search_call`. */
const ownTool = ({ type }: JsonObject): string | undefined =>
  typeof type === 'string' && type !== 'function_call' ? /^(.+)_call$/.exec(type)?.[1] : undefined

/** Arguments that are told in parts begin with an empty object. */
const given = (args: JsonValue | undefined): JsonValue | undefined =>
  Object.keys(objectOf(args)).length > 0 ? args : undefined

/** Turns of a conversation, or the content of one. What the model said is sent along with them. */
function lastUserText({ input }: JsonObject): string {
  const own = objectsIn(input).filter(({ role, type }) => (role ?? type ?? 'user') === 'user' || type === 'user_input')
  return lastOfUser(own, 'content') || textIn(input)
}

export const interactions: Api = {
  ...any,
  name: 'interactions',
  owns: ({ path }) => PATH.test(path),
  keyed: unlessStreamed(leavingOut('labels', 'service_tier')),
  counts: { notQuery: ['key', 'prettyprint'] },
  lastUserText,
  modelOf: (call, request) => modelIn(call, request) || asText(request.agent ?? ''),
  repeats: repeatsBy((body) => [body.interaction ?? body, body.step, body.delta], {
    history: 'input',
    model: 'model',
    own: ['previous_interaction_id'],
    path: /\/interactions\/([^/]+)/,
  }),
  follow: followBy({ look, data: { '[DONE]': 'whole' } }),
  events: eventsOrBody,
  isFinished: ({ method }, events) => method !== 'POST' || !events.some(failureOf),
  partOf: ({ type, body: { index, delta } }) => JSON.stringify([type, index, objectOf(delta).type]),
  isWord: createWords({ names: new Set(['signature', 'event_id']) }),
  vocabulary: [...any.vocabulary, 'interaction.completed', 'step.delta', 'model_output', 'requires_action'],
  failureOf,
  told: tellBy(tellEvent),
  volatile: new Set(['created', 'updated', 'signature', 'interaction_id', 'event_id']),
  streamType: (_call, { stream }) => (stream === true ? EVENT_STREAM : undefined),
  refused: (trouble) => ({ body: googleError(trouble) }),
  failing: ({ status, message }) => [
    sseEvent({ event_type: 'error', error: { code: nameOfStatus(status), message } }, 'error'),
  ],
}
