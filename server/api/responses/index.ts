/** OpenAI's Responses API: over HTTP, and what its WebSocket mode shares with it. */
import { type JsonObject, isObject, parseObject } from '../../base/json.ts'
import type { Api } from '../api.ts'
import { contentText } from '../call.ts'
import { headerOf } from '../headers.ts'
import { EVENT_STREAM, inError } from '../error.ts'
import { type ModelEvent, parseEvent } from '../event.ts'
import { type AnswerRecord, eventsIn, textOf } from '../record.ts'
import { repeatsBy } from '../repeats.ts'
import { modelIn } from '../request.ts'
import { createWords } from '../words.ts'
import { readAbout } from './about.ts'
import { answerInOne, checkType, parseBody } from './body.ts'
import { creates, failureOf, isFinished, partOf, responseIdOf } from './events.ts'
import { follow } from './follow.ts'
import { failing } from './failing.ts'
import { habitsIn } from './habits.ts'
import { missStatusFor } from './misses.ts'
import { LEFT_OUT, keyed, lastUserText } from './request.ts'
import { told } from './told.ts'
import { EVENT_TYPES } from './types.ts'
import { writer } from './write.ts'

const PATH = /^(?:\/v1)?\/responses(?:\/|$)/

/** The words of this API beside those of all; what the code interpreter runs, and what tools gave back, are texts. */
const isWord = createWords({
  names: new Set(['quality', 'background', 'size', 'prompt_cache_retention']),
  texts: new Set(['outputs']),
})

export const responses: Api = {
  name: 'responses',
  owns: ({ path }) => PATH.test(path),
  check(call) {
    if (!creates(call)) return
    checkType(headerOf(call.headers, 'content-type'))
    parseBody(contentText(call))
  },
  keyed,
  lastUserText,
  modelOf: modelIn,
  continues: ({ previous_response_id: id }: JsonObject) => (typeof id === 'string' ? id : undefined),
  // What an item is like when it begins is not sent back.
  repeats: repeatsBy(
    (body, type) => (/(?:item\.added|\.created|\.in_progress)$/.test(type) ? [] : [body.item, body.response]),
    {
      history: 'input',
      names: ['approval_request_id'],
      own: ['conversation'],
      path: /\/responses\/([^/]+)/,
    },
  ),
  follow,
  events: (records) => {
    const events = eventsIn(records)
    return events.length > 0 ? events : wholeBody(records)
  },
  isFinished,
  // Reading an answer once more gives no new one: what follows continues the call that made it.
  answerId: (call, events) => (creates(call) ? responseIdOf(events) : undefined),
  partOf,
  isWord,
  vocabulary: [
    ...EVENT_TYPES,
    'gpt-4.1-mini-2025-04-14',
    'resp_68a1b2c3d4e5f6',
    'msg_68a1b2c3d4e5f6',
    'in_progress',
    'output_text',
  ],
  failureOf,
  inOne: {
    request(call, request) {
      if (!creates(call) || request.stream === true) return undefined
      // Of members with one name the last counts.
      const begun = contentText(call).trimEnd().slice(0, -1)
      return `${begun}${Object.keys(request).length > 0 ? ',' : ''}"stream":true}`
    },
    answer: answerInOne,
  },
  writer,
  told,
  echoed: LEFT_OUT,
  idle: new Set(['keepalive']),
  volatile: new Set(['encrypted_content']),
  about: readAbout,
  habits: habitsIn,
  sendsOwn: creates,
  streamType: (_call, { stream }) => (stream === true ? EVENT_STREAM : undefined),
  refused(trouble, call) {
    const status = trouble.code === 'fixture_miss' ? missStatusFor(call?.headers ?? []) : undefined
    return { ...inError(trouble), ...(status === undefined ? {} : { status }) }
  },
  failing,
}

/** An answer in one piece, as the event with which a stream of it would have ended. */
function wholeBody(records: readonly AnswerRecord[]): readonly ModelEvent[] {
  const text = textOf(records)?.trim()
  const body = text === undefined ? undefined : parseObject(text)
  if (text === undefined || body === undefined) return []
  const at = records.at(-1)?.at ?? 0
  if (isObject(body.error) && body.object !== 'response') return [parseEvent(text, at, 'error') ?? []].flat()
  const type =
    body.object === 'response' && typeof body.status === 'string'
      ? `response.${body.status}`
      : String(body.object ?? '')
  return [parseEvent(`{"type":${JSON.stringify(type)},"response":${text}}`, at) ?? []].flat()
}
