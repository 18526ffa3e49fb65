/** Google's Gemini: `generateContent`, streamed or not, also on Vertex. */
import { type JsonObject, isObject } from '../base/json.ts'
import { any } from './any.ts'
import type { Api, Told } from './api.ts'
import { lastTextOf } from './content.ts'
import { failureIn } from './failure.ts'
import { followStream } from './stream.ts'
import { createWords } from './words.ts'

const PATH = /\/models\/[^/:]+:(?:streamG|g)enerateContent$/

export const gemini: Api = {
  ...any,
  name: 'gemini',
  owns: (method, path) => method === 'POST' && PATH.test(path),
  keyed: ({ labels: _labels, ...rest }) => rest,
  lastUserText: ({ contents }) =>
    typeof contents === 'string' ? contents : lastTextOf(contents, ({ parts }) => parts),
  // Usage comes with each chunk: nothing but a reason to finish says that the last one came.
  follow: () => {
    let isOver = false
    return followStream({
      event(event) {
        isOver ||= isLast(event.body)
        return failureIn(event) ? 'failing' : 'open'
      },
      isEnd: () => false,
      isWhole: () => isOver,
    })
  },
  isWord: createWords({
    names: new Set(['finishReason', 'modality', 'category', 'threshold', 'probability', 'trafficType', 'createTime']),
    texts: new Set(['response', 'result']),
  }),
  vocabulary: ['STOP', 'MAX_TOKENS', 'TEXT', 'gemini-2.5-flash'],
  words,
  errorRecord,
  broken: (told) => [errorRecord(told)],
}

/** Whether a chunk is the last one: a candidate has a reason to finish, or the prompt was refused. */
function isLast({ candidates, promptFeedback }: JsonObject): boolean {
  if (isObject(promptFeedback) && typeof promptFeedback.blockReason === 'string') return true
  return Array.isArray(candidates) && candidates.some((each) => isObject(each) && typeof each.finishReason === 'string')
}

/** The words of Google's APIs for statuses of HTTP. */
const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

function words({ status, message }: Told): JsonObject {
  return { error: { code: status, message, status: statusWord(status) } }
}

function errorRecord(told: Told): string {
  return `data: ${JSON.stringify(words(told))}\r\n\r\n`
}

const statusWord = (status: number): string =>
  STATUS_WORDS[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'INTERNAL')
