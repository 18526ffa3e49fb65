/** MCP over streamable HTTP, on whichever path: JSON-RPC 2.0, answered in an event stream or in JSON. */
import { type JsonObject, type JsonValue, isObject, parseJson } from '../../base/json.ts'
import { any } from '../any.ts'
import type { Api, Asked, Follower, Question, Trouble } from '../api.ts'
import { eventsOrBody } from '../body.ts'
import { contentText } from '../call.ts'
import { errorRecords } from '../error-records.ts'
import { EVENT_STREAM } from '../error.ts'
import type { ModelEvent } from '../event.ts'
import { type Said, followBy } from '../follow.ts'
import { headerOf } from '../headers.ts'
import { type Teller, objectOf, objectsIn, tellBy } from '../told.ts'
import { createWords } from '../words.ts'
import { isRequest, isResponse, messagesIn } from './messages.ts'
import { ties } from './ties.ts'

const VERSION = 'mcp-protocol-version'

const SESSION = 'mcp-session-id'

/** How much of a body is looked at before it is read: a call of another API that begins so is not likely. */
const BEGINS = /^\s*(?:\[\s*)?\{/

/** A path says nothing: what its clients have to send does (the Streamable HTTP transport of the specification). */
function owns(call: Asked): boolean {
  const { method, headers } = call
  if (method === 'DELETE') return headerOf(headers, SESSION) !== undefined
  const accept = headerOf(headers, 'accept') ?? ''
  if (!accept.includes('text/event-stream')) return false
  if (method === 'GET') return headerOf(headers, SESSION) !== undefined || headerOf(headers, VERSION) !== undefined
  if (method !== 'POST' || !accept.includes('application/json')) return false
  const text = contentText(call)
  return BEGINS.test(text) && messagesIn(parseJson(text)) !== undefined
}

/** The messages of a request, which tells of a batch as of JSON that is no object. */
const messagesOf = (request: JsonObject): readonly JsonObject[] => messagesIn(request.json ?? request) ?? []

/** Whether every request of a question has its response. */
function followAnswer(owed: readonly JsonObject[] | undefined): Follower {
  const answered = (open: Set<string> | undefined, message: JsonObject): boolean => {
    if (!isResponse(message)) return false
    open?.delete(JSON.stringify(message.id))
    return open === undefined || open.size === 0
  }
  const begin = () => owed && new Set(owed.map(({ id }) => JSON.stringify(id)))
  const look = () => {
    const open = begin()
    return ({ body }: ModelEvent): Said => (answered(open, body) ? 'whole' : undefined)
  }
  const isAnswer = (value: JsonValue): boolean => {
    const open = begin()
    return (messagesIn(value) ?? []).filter((message) => answered(open, message)).length > 0
  }
  return followBy({ look, isAnswer })()
}

/** What no request waits for, and a stream of what the server says by itself, may end at any time. */
function follow(question?: Question): Follower {
  const owed = question && messagesOf(question.request).filter(isRequest)
  return owed?.length === 0 ? any.follow() : followAnswer(owed)
}

/** What tells one session, one client or one message from another, and does not shape an answer. */
function keyedMessage({ id: _id, params, ...message }: JsonObject): JsonObject {
  if (!isObject(params)) return params === undefined ? message : { ...message, params }
  const { _meta: meta, clientInfo: _client, ...counting } = params
  if (message.method === 'notifications/cancelled') delete counting.requestId
  if (message.method === 'notifications/progress') delete counting.progressToken
  const { progressToken: _token, 'io.modelcontextprotocol/clientInfo': _info, ...told } = objectOf(meta)
  const all = { ...counting, ...(Object.keys(told).length > 0 ? { _meta: told } : {}) }
  return Object.keys(all).length > 0 ? { ...message, params: all } : message
}

const keyed = (request: JsonObject): JsonObject =>
  Array.isArray(request.json)
    ? { json: request.json.map((each) => (isObject(each) ? keyedMessage(each) : each)) }
    : keyedMessage(request)

/** `tools/call get_weather Paris` */
function nameOf({ method, params }: JsonObject): string {
  const { name, uri, arguments: args } = objectOf(params)
  const texts = [method, name, uri, ...Object.values(objectOf(args))]
  return texts.filter((text) => typeof text === 'string').join(' ')
}

function tellEvent({ at, body }: ModelEvent, teller: Teller): void {
  const { content, contents } = objectOf(body.result)
  for (const part of objectsIn(content ?? contents)) teller.text(at, part.text)
}

/** JSON-RPC's own code for what went wrong within. */
const INTERNAL = -32603

const errorFor = (id: JsonValue, { message, code }: Trouble): JsonObject => ({
  jsonrpc: '2.0',
  id,
  error: { code: INTERNAL, message, data: { code } },
})

/** The ids of the requests of a call. */
const idsOf = (call: Asked | undefined): JsonValue[] =>
  (messagesIn(call && parseJson(contentText(call))) ?? []).filter(isRequest).map(({ id = null }) => id)

export const mcp: Api = {
  ...any,
  name: 'mcp',
  owns,
  keyed,
  counts: { headers: ['accept', VERSION, 'last-event-id'], sets: ['accept'] },
  lastUserText: (request) => messagesOf(request).map(nameOf).join(' '),
  follow,
  events: eventsOrBody,
  // An error is an answer, too.
  isFinished: () => true,
  partOf: ({ body: { id, method } }) => JSON.stringify([id, method]),
  isWord: createWords({ names: new Set(['protocolVersion', 'progressToken', 'level', 'logger']) }),
  vocabulary: [...any.vocabulary, 'initialize', 'tools/list', 'tools/call', 'notifications/initialized', '2025-11-25'],
  failureOf: () => undefined,
  told: tellBy(tellEvent),
  ties,
  streamType: ({ method }) => (method === 'GET' ? EVENT_STREAM : undefined),
  // An error of JSON-RPC comes with HTTP 200: clients that get another status take their session for lost.
  missStatus: 200,
  /** What waits for no response has a status: who opens a stream, or ends a session, that of a server that has neither. */
  refused(trouble, call) {
    const errors = idsOf(call).map((id) => errorFor(id, trouble))
    const [first = errorFor(null, trouble), ...others] = errors
    const body = others.length > 0 ? errors : first
    if (trouble.code !== 'fixture_miss' || errors.length > 0) return { body }
    return call?.method === 'POST' ? { status: 404, body } : { status: 405, headers: [['allow', 'POST']], body }
  },
  failing: (trouble, place) =>
    errorRecords(
      idsOf(place.call).map((id) => errorFor(id, trouble)),
      place,
      'message',
    ),
}
