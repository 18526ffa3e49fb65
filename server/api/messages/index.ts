/** Anthropic's Messages: its own endpoint, gateways', and Google Vertex'. */
import type { JsonObject, JsonValue } from '../../base/json.ts'
import { any } from '../any.ts'
import type { Api, Trouble } from '../api.ts'
import { eventsOrBody } from '../body.ts'
import { errorRecords } from '../error-records.ts'
import { EVENT_STREAM } from '../error.ts'
import type { ModelEvent } from '../event.ts'
import { type TellsOf, tell } from '../failure.ts'
import { type Said, followBy } from '../follow.ts'
import { repeatsBy } from '../repeats.ts'
import { lastOfUser, leavingOut, modelIn, unlessStreamed } from '../request.ts'
import { type Teller, objectOf, objectsIn, tellBy } from '../told.ts'
import { createWords } from '../words.ts'
import { writer } from './write.ts'

const PATH = /\/messages(?:\/count_tokens|\/batches(?:\/.*)?)?$/

const VERTEX = /\/publishers\/anthropic\/models\/([^/:]+):(?:streamRaw|raw)Predict$/

/** OpenAI's threads have messages, too. */
const OF_OPENAI = /\/threads\//

const failureOf = ({ type, body }: ModelEvent): TellsOf | undefined =>
  type === 'error' || body.type === 'error'
    ? { code: 'upstream_error', message: tell('The API sent an error', typed(objectOf(body.error))) }
    : undefined

/** Its errors have a type where others have a code. */
const typed = (error: JsonObject): JsonObject =>
  error.code === undefined ? { ...error, code: error.type ?? '' } : error

const look =
  () =>
  (event: ModelEvent): Said => {
    if (failureOf(event)) return 'failed'
    if (event.type === 'message_stop') return 'whole'
    // The results of a batch are lines, and none says that it is the last.
    return event.body.custom_id === undefined ? undefined : 'enough'
  }

function tellEvent({ at, type, body }: ModelEvent, teller: Teller): void {
  const [delta, block] = [objectOf(body.delta), objectOf(body.content_block)]
  if (type === 'content_block_start') {
    if (block.name !== undefined) teller.call(body.index ?? 0, block.name, given(block.input))
    teller.text(at, block.text)
    teller.thought(at, block.thinking)
  }
  if (delta.type === 'text_delta') teller.text(at, delta.text)
  if (delta.type === 'thinking_delta') teller.thought(at, delta.thinking)
  if (delta.type === 'input_json_delta') teller.call(body.index ?? 0, undefined, delta.partial_json)
  for (const [index, part] of objectsIn(body.content).entries()) {
    if (part.type === 'text') teller.text(at, part.text)
    if (part.type === 'thinking') teller.thought(at, part.thinking)
    if (part.type === 'tool_use') teller.call(index, part.name, part.input)
    if (part.type === 'server_tool_use' || part.type === 'mcp_tool_use') teller.ran(index, part.name, part.input)
  }
  teller.usage(objectOf(body.message).usage ?? body.usage)
  teller.reason(delta.stop_reason ?? body.stop_reason)
}

/** The input of a call that is told in parts begins with an empty object. */
const given = (input: JsonValue | undefined): JsonValue | undefined =>
  Object.keys(objectOf(input)).length > 0 ? input : undefined

/** The types that it has for statuses. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

const bodyOf = ({ status, message }: Trouble): JsonObject => ({
  type: 'error',
  error: { type: TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'), message },
})

export const messages: Api = {
  ...any,
  name: 'messages',
  owns: ({ path }) => (PATH.test(path) && !OF_OPENAI.test(path)) || VERTEX.test(path),
  keyed: unlessStreamed(leavingOut('metadata', 'service_tier', 'inference_geo', 'user_profile_id')),
  counts: { headers: ['anthropic-version', 'anthropic-beta'], sets: ['anthropic-beta'], notQuery: ['beta'] },
  lastUserText: (request) => lastOfUser(request.messages, 'content'),
  modelOf: (call, request) => modelIn(call, request) || (VERTEX.exec(call.path)?.[1] ?? ''),
  repeats: repeatsBy((body) => [body.content_block, body.delta, body.content], {
    names: ['tool_use_id'],
    own: ['container'],
  }),
  follow: followBy({ look }),
  events: eventsOrBody,
  isFinished: (_call, events) => !events.some(failureOf),
  partOf: ({ type, body: { index } }) =>
    JSON.stringify([type.startsWith('content_block') ? 'content_block' : type, index]),
  isWord: createWords({ names: new Set(['stop_reason', 'signature']), texts: new Set(['input']) }),
  vocabulary: [...any.vocabulary, 'message_start', 'content_block_delta', 'text_delta', 'end_turn', 'tool_use'],
  failureOf,
  writer,
  told: tellBy(tellEvent),
  goesByName: true,
  volatile: new Set(['signature', 'request_id']),
  idle: new Set(['ping']),
  streamType: ({ path }, { stream }) =>
    stream === true || path.endsWith(':streamRawPredict') ? EVENT_STREAM : undefined,
  // Its own program hides the words of a 404, and tries a 400 again.
  missStatus: 410,
  refused: (trouble) => ({ body: bodyOf(trouble) }),
  failing: (trouble, place) => errorRecords([bodyOf(trouble)], place, 'error'),
}
