/** Google's Gemini API, and the same on Vertex: event streams, streamed arrays, and JSON. */
import { type JsonObject, type JsonValue, asText, isObject } from '../../base/json.ts'
import { any } from '../any.ts'
import type { Api, Question } from '../api.ts'
import { eventsOrBody } from '../body.ts'
import { createChoices } from '../choices.ts'
import { errorRecords } from '../error-records.ts'
import { sseEvent } from '../error.ts'
import type { ModelEvent } from '../event.ts'
import { failureIn } from '../failure.ts'
import { type Said, followBy } from '../follow.ts'
import { googleError } from '../google.ts'
import { repeatsBy } from '../repeats.ts'
import { lastOfUser, modelIn } from '../request.ts'
import { type Teller, objectOf, objectsIn, tellBy } from '../told.ts'
import { createWords } from '../words.ts'
import { candidatesAsked, keyed } from './request.ts'
import { writer } from './write.ts'

const PATH = /\/(?:models|tunedModels)\/([^/:]+):\w+$/

const OF_OTHERS = /\/publishers\/(?!google\/)/

/** Reasons by their numbers: older programs ask for those (`$alt=json;enum-encoding=int`). */
const REASONS = ['', 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'OTHER']

const reasonOf = (reason: JsonValue | undefined): string =>
  typeof reason === 'number' ? (REASONS[reason] ?? `${reason}`) : asText(reason ?? '')

const isEnd = ({ candidates, promptFeedback }: JsonObject): boolean =>
  objectsIn(candidates).some(({ finishReason }) => reasonOf(finishReason) !== '') ||
  objectOf(promptFeedback).blockReason !== undefined

/** Nothing says that no more follows: every candidate has a reason, and the body ends cleanly. */
function look(question?: Question): (event: ModelEvent) => Said {
  const choices = createChoices(() => candidatesAsked(question?.request ?? {}))
  return (event) => {
    if (failureIn(event)) return 'failed'
    const { candidates, promptFeedback } = event.body
    for (const { index = 0, finishReason } of objectsIn(candidates)) choices.take(index, reasonOf(finishReason) !== '')
    return choices.areOver() || objectOf(promptFeedback).blockReason !== undefined ? 'enough' : undefined
  }
}

/** Tells of the events of one answer, in order: a call that comes in parts is named in the first of them alone. */
function createTell(): (event: ModelEvent, teller: Teller) => void {
  let begun = 0
  const tellPart = (at: number, part: JsonObject, teller: Teller): void => {
    if (part.thought === true) teller.thought(at, part.text)
    else teller.text(at, part.text)
    const { name, args, partialArgs } = objectOf(part.functionCall)
    if (name !== undefined) begun++
    if (name !== undefined || partialArgs !== undefined) teller.call(begun, name, args ?? partialArgs)
    const { code } = objectOf(part.executableCode)
    if (code !== undefined) teller.ran(undefined, 'code_execution', code)
    const { toolType, args: asked } = objectOf(part.toolCall)
    if (toolType !== undefined) teller.ran(undefined, toolType, asked)
  }
  return ({ at, body }, teller) => {
    for (const { content, finishReason } of objectsIn(body.candidates)) {
      for (const part of objectsIn(objectOf(content).parts)) tellPart(at, part, teller)
      teller.reason(reasonOf(finishReason))
    }
    teller.reason(objectOf(body.promptFeedback).blockReason)
    teller.usage(body.usageMetadata)
  }
}

export const gemini: Api = {
  ...any,
  name: 'gemini',
  owns: ({ method, path }) => method === 'POST' && PATH.test(path) && !OF_OTHERS.test(path),
  keyed,
  counts: { notQuery: ['key', 'prettyprint'] },
  lastUserText: ({ contents, content = null }) =>
    typeof contents === 'string' ? contents : lastOfUser([contents ?? content].flat(), 'parts'),
  modelOf: (call, request) => PATH.exec(call.path)?.[1] ?? modelIn(call, request),
  repeats: repeatsBy((body) => [body.candidates], {
    history: 'contents',
    model: 'model',
    content: 'parts',
    names: ['thoughtSignature'],
    madeByPrograms: new Set(['id']),
  }),
  follow: followBy({
    look,
    isAnswer: (value) => isObject(value) || objectsIn(value).some((each) => isEnd(each) || isObject(each.error)),
  }),
  events: eventsOrBody,
  isFinished: (_call, events) => !events.some(failureIn),
  partOf: ({ body }) => JSON.stringify(objectsIn(body.candidates).map(({ index }) => index ?? 0)),
  isWord: createWords({ names: new Set(['finishReason', 'responseId', 'thoughtSignature', 'blockReason']) }),
  vocabulary: [...any.vocabulary, 'STOP', 'MAX_TOKENS', 'gemini-2.5-flash', 'generateContent'],
  writer,
  told: (events) => tellBy(createTell())(events),
  volatile: new Set(['responseId', 'createTime', 'thoughtSignature']),
  streamType({ path, query }) {
    if (!/:stream\w+$/.test(path)) return undefined
    return new URLSearchParams(query).get('alt') === 'sse' ? 'text/event-stream' : 'application/json; charset=UTF-8'
  },
  refused: (trouble) => ({ body: googleError(trouble) }),
  failing: (trouble, place) =>
    place.framing === 'sse'
      ? [sseEvent(googleError(trouble), undefined, '\r\n')]
      : errorRecords([googleError(trouble)], { ...place, framing: 'array' }),
}
