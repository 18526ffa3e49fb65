/** Google's Gemini API, and the same on Vertex: event streams, streamed arrays, and JSON. */
import { type JsonObject, isObject } from '../base/json.ts'
import { any } from './any.ts'
import type { Api, Trouble } from './api.ts'
import { eventsOrBody } from './body.ts'
import { sseEvent } from './error.ts'
import type { ModelEvent } from './event.ts'
import { failureIn } from './failure.ts'
import { type Said, followBy } from './follow.ts'
import { lastOfUser, leavingOut, modelIn } from './request.ts'
import { type Teller, objectOf, objectsIn, tellBy } from './told.ts'
import { createWords } from './words.ts'

const PATH = /\/(?:models|tunedModels)\/([^/:]+):\w+$/

const OF_OTHERS = /\/publishers\/(?!google\/)/

/** Old clients ask for the numbers of reasons instead of their names; 0 says that there is none. */
const isEnd = ({ candidates, promptFeedback }: JsonObject): boolean =>
  objectsIn(candidates).some(({ finishReason: reason }) => typeof reason === 'string' || (reason ?? 0) !== 0) ||
  objectOf(promptFeedback).blockReason !== undefined

/** Nothing says that no more follows: the last candidate has a reason, and the body ends cleanly. */
const look =
  () =>
  (event: ModelEvent): Said => {
    if (failureIn(event)) return 'failed'
    return isEnd(event.body) ? 'enough' : undefined
  }

function tellEvent({ at, body }: ModelEvent, teller: Teller): void {
  for (const { content, finishReason, index = 0 } of objectsIn(body.candidates)) {
    for (const [place, part] of objectsIn(objectOf(content).parts).entries()) {
      if (part.thought !== true) teller.text(at, part.text)
      const call = objectOf(part.functionCall)
      if (call.name !== undefined) teller.call([index, at, place, call.name], call.name, call.args)
    }
    teller.reason(finishReason)
  }
  teller.reason(objectOf(body.promptFeedback).blockReason)
  teller.usage(body.usageMetadata)
}

/** The names that Google has for statuses. */
const NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

const bodyOf = ({ status, message }: Trouble): JsonObject => ({
  error: { code: status, message, status: NAMES[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'UNKNOWN') },
})

export const gemini: Api = {
  ...any,
  name: 'gemini',
  owns: (method, path) => method === 'POST' && PATH.test(path) && !OF_OTHERS.test(path),
  keyed: leavingOut('labels'),
  counts: { notQuery: ['key', 'prettyprint'] },
  lastUserText: ({ contents, content }) => lastOfUser(contents ?? (isObject(content) ? [content] : []), 'parts'),
  modelOf: (call, request) => PATH.exec(call.path)?.[1] ?? modelIn(call, request),
  follow: followBy({
    look,
    isAnswer: (value) => isObject(value) || objectsIn(value).some((each) => isEnd(each) || isObject(each.error)),
  }),
  events: eventsOrBody,
  isFinished: (_call, events) => !events.some(failureIn),
  partOf: ({ body }) => JSON.stringify(objectsIn(body.candidates).map(({ index }) => index ?? 0)),
  isWord: createWords({ names: new Set(['finishReason', 'responseId', 'thoughtSignature', 'blockReason']) }),
  vocabulary: [...any.vocabulary, 'STOP', 'MAX_TOKENS', 'gemini-2.5-flash', 'generateContent'],
  told: tellBy(tellEvent),
  volatile: new Set(['responseId', 'createTime', 'thoughtSignature']),
  streamType: ({ path }) => (/:stream\w+$/.test(path) ? 'text/event-stream' : undefined),
  refused: (trouble) => ({ body: bodyOf(trouble) }),
  failing: (trouble) => [sseEvent(bodyOf(trouble), undefined, '\r\n')],
}
