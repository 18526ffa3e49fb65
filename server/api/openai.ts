/** OpenAI's endpoints beside its chats, and those of all that have the same: embeddings, audio, images, files, batches, … */
import { type JsonObject, isObject, memberOf } from '../base/json.ts'
import { any } from './any.ts'
import type { Api, Follower, Question } from './api.ts'
import { eventsOrBody } from './body.ts'
import { EVENT_STREAM } from './error.ts'
import type { ModelEvent } from './event.ts'
import { type TellsOf, failureIn, tell } from './failure.ts'
import { type Said, followBy } from './follow.ts'
import { headerOf } from './headers.ts'
import type { Repeats } from './repeats.ts'
import { lastOfUser, modelIn, textIn, unlessStreamed } from './request.ts'
import { type Teller, objectOf, objectsIn, tellBy } from './told.ts'
import { createWords } from './words.ts'

/** What stands before them is a version, a gateway's path, or a deployment's. */
const PATH = new RegExp(
  String.raw`^(?:/(?:[^/]+/)*v\d+|/openai(?:/deployments/[^/]+)?)?/(?:${[
    'embeddings|moderations|models|files|uploads|images|audio|videos|batches|conversations|threads|assistants',
    'vector_stores|fine_tuning|realtime|evals|containers|organization',
  ].join('|')})(?:/|$)`,
)

/** A chat that was stored. */
const STORED = /^(?:\/v1)?\/chat\/completions(?:\/|$)/

/** Headers of others that have some of the same paths. */
const OF_OTHERS = ['anthropic-version', 'x-goog-api-key']

/** The content of a file may be anything; that of one in a vector store is JSON. */
const CONTENT = /^(?!.*\/vector_stores\/).*\/(?:files|videos)\/[^/]+\/content$/

const SPEECH = /\/audio\/speech$/

const SPOKEN = /\/audio\/(?:transcriptions|translations)$/

/** A field of a request, be it JSON or a form. */
const fieldOf = ({ multipart, ...request }: JsonObject, name: string) =>
  objectsIn(multipart).find((part) => part.name === name)?.text ?? request[name]

const isStreaming = (request: JsonObject): boolean =>
  String(fieldOf(request, 'stream') ?? false) === 'true' || fieldOf(request, 'stream_format') === 'sse'

/** Whether anything may answer, and only the end of the body is its end. */
function isOpaque({ path, request }: Question): boolean {
  if (CONTENT.test(path) || /\/realtime\//.test(path)) return true
  return SPEECH.test(path) && !isStreaming(request)
}

/** Objects that the API keeps, such as jobs, have an `error` of their own. */
const isError = ({ error, ...others }: JsonObject): boolean =>
  error !== undefined && error !== null && ['id', 'object', 'custom_id'].every((name) => others[name] === undefined)

function failureOf(event: ModelEvent): TellsOf | undefined {
  const { type, name, body } = event
  if (type === 'thread.run.failed') return { code: 'upstream_failed', message: tell('The run failed', body.last_error) }
  return body.type === 'error' || name === 'error' || isError(body) ? failureIn(event) : undefined
}

/** The events with which streams end; of images there may be several. */
const ENDS: Readonly<Record<string, Said>> = {
  'speech.audio.done': 'whole',
  'transcript.text.done': 'whole',
  'image_generation.completed': 'enough',
  'image_edit.completed': 'enough',
}

const look =
  () =>
  (event: ModelEvent): Said =>
    failureOf(event) ? 'failed' : memberOf(ENDS, event.type)

/** Threads end with an event whose data is `[DONE]`. */
const followStream = followBy({
  look,
  data: { '[DONE]': 'whole' },
  isAnswer: (value) => typeof value === 'object' && value !== null,
})

/** Whether a body begins as JSON does, or an event stream. */
const SAYS = /^\s*(?:[{[]|:|(?:event|data|id|retry):)/

/** Bytes, lines of JSON and spoken texts are files: the end of their body is their end. */
function follow(question?: Question): Follower {
  const stream = followStream()
  const isSpoken = question !== undefined && SPOKEN.test(question.path)
  let isFile = question !== undefined && isOpaque(question)
  let says: boolean | undefined
  return {
    take(record) {
      const { wire, event } = record
      if (typeof wire !== 'string') isFile ||= !says
      else if (says === undefined && wire.trim() !== '') {
        says = SAYS.test(wire)
        // What is heard and no word is told in brackets.
        isFile ||= isSpoken && (!says || wire.trimStart().startsWith('['))
      }
      isFile ||= event !== undefined && String(wire).startsWith('{')
      return isFile ? 'open' : stream.take(record)
    },
    end: () => (isFile ? { end: 'complete' } : stream.end()),
  }
}

function tellEvent({ at, type, body }: ModelEvent, teller: Teller): void {
  if (type.endsWith('.delta')) teller.text(at, body.delta)
  else if (type === '') teller.text(at, body.text)
  // Of threads.
  const { step_details: details } = objectOf(body.delta)
  const { submit_tool_outputs: wanted } = type === '' ? objectOf(body.required_action) : {}
  for (const [place, call] of objectsIn(objectOf(details ?? wanted).tool_calls).entries()) {
    const { name, arguments: args } = objectOf(call.function)
    if (call.function !== undefined) teller.call([body.id ?? '', call.index ?? place], name, args)
    const { input } = objectOf(call.code_interpreter)
    if (input !== undefined) teller.ran([body.id ?? '', call.index ?? place], call.type, input)
  }
  for (const part of objectsIn(objectOf(body.delta).content ?? body.content)) teller.text(at, objectOf(part.text).value)
  if (isObject(body.usage)) teller.usage(body.usage)
}

/** They tell who asks, and do not shape the answer. */
const LEFT_OUT: ReadonlySet<unknown> = new Set(['user', 'safety_identifier'])

function keyed(request: JsonObject): JsonObject {
  const counting = Object.entries(request).filter(([name]) => !LEFT_OUT.has(name))
  const { multipart, ...rest } = Object.fromEntries(counting)
  if (multipart === undefined) return rest
  const parts = Array.isArray(multipart) ? multipart.filter((part) => !LEFT_OUT.has(objectOf(part).name)) : multipart
  return { ...rest, multipart: parts }
}

/** Conversations that the API keeps are named by requests for responses, and by paths. */
const conversations: Repeats = {
  history: 'items',
  model: '',
  content: 'content',
  names: new Set(['id']),
  path: /\/conversations\/([^/]+)/,
  sharedWith: 'responses',
  gives: ({ body }) => (body.object === 'conversation' ? [{ id: body.id ?? '' }] : []),
}

export const openai: Api = {
  ...any,
  name: 'openai',
  owns: ({ path, headers }) =>
    (PATH.test(path) || STORED.test(path)) && OF_OTHERS.every((name) => headerOf(headers, name) === undefined),
  keyed: unlessStreamed(keyed),
  counts: { headers: ['openai-beta'] },
  lastUserText(request) {
    const { messages, thread, content, query } = request
    const asked = fieldOf(request, 'input') ?? fieldOf(request, 'prompt') ?? query ?? content
    return textIn(asked) || lastOfUser(messages ?? objectOf(thread).messages, 'content')
  },
  modelOf: (call, request) => modelIn(call, request) || textIn(fieldOf(request, 'model')),
  repeats: conversations,
  follow,
  events: eventsOrBody,
  isFinished: ({ path }, events) => CONTENT.test(path) || !events.some(failureOf),
  isWord: createWords({
    names: new Set([
      'purpose',
      'voice',
      'size',
      'quality',
      'background',
      'response_format',
      'stream_format',
      'endpoint',
    ]),
  }),
  failureOf,
  told: tellBy(tellEvent),
  volatile: new Set(['created', 'obfuscation', 'system_fingerprint']),
  streamType: (_call, request) => (isStreaming(request) ? EVENT_STREAM : undefined),
}
