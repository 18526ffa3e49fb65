/** Anthropic's Messages, also on Vertex. */
import { any } from './any.ts'
import type { JsonObject } from '../base/json.ts'
import type { Api, Told } from './api.ts'
import { lastTextOf, without } from './content.ts'
import { failureIn } from './failure.ts'
import { followStream } from './stream.ts'
import { createWords } from './words.ts'

const PATH = /(?:\/messages|\/publishers\/anthropic\/models\/[^/]+:(?:stream)?[rR]awPredict)$/

const LEFT_OUT = new Set(['metadata', 'service_tier'])

export const messages: Api = {
  ...any,
  name: 'messages',
  owns: (method, path) => method === 'POST' && PATH.test(path) && !path.includes('/threads/'),
  keyed: (request) => without(request, LEFT_OUT),
  lastUserText: ({ messages: said }) => lastTextOf(said, ({ content }) => content),
  // `message_stop` comes last, and nothing after an `error`.
  follow: () => {
    let isOver = false
    return followStream({
      event(event) {
        isOver ||= event.type === 'message_stop'
        return failureIn(event) ? 'failing' : isOver ? 'settling' : 'open'
      },
      isEnd: () => isOver,
      isWhole: () => isOver,
    })
  },
  partOf: ({ type, body: { index } }) => JSON.stringify([type, index]),
  isWord: createWords({ texts: new Set(['input']) }),
  vocabulary: [
    'message_start',
    'content_block_delta',
    'text_delta',
    'tool_use',
    'end_turn',
    'claude-sonnet-4-20250514',
  ],
  words,
  errorRecord,
  broken: (told) => [errorRecord(told)],
}

/** The types of errors by the status that they come with. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

function words({ status, message, code }: Told): JsonObject {
  return { type: 'error', error: { type: typeOf(status), message, code } }
}

function errorRecord(told: Told): string {
  return `event: error\ndata: ${JSON.stringify(words(told))}\n\n`
}

const typeOf = (status: number): string => TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
