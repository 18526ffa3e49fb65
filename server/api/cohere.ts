/** Cohere's chat, version 2. */
import { isObject } from '../base/json.ts'
import { any } from './any.ts'
import type { Api, Told } from './api.ts'
import { lastTextOf } from './content.ts'
import { failureIn } from './failure.ts'
import { followStream, isDone } from './stream.ts'
import { createWords } from './words.ts'

export const cohere: Api = {
  ...any,
  name: 'cohere',
  owns: (method, path) => method === 'POST' && path.endsWith('/v2/chat'),
  lastUserText: ({ messages }) => lastTextOf(messages, ({ content }) => content),
  // `message-end` comes last, but for `[DONE]`.
  follow: () => {
    let isOver = false
    return followStream({
      event(event) {
        isOver ||= event.type === 'message-end'
        return isFailed(event.body.delta) || failureIn(event) ? 'failing' : isOver ? 'settling' : 'open'
      },
      isEnd: isDone,
      isWhole: () => isOver,
    })
  },
  isFinished: (call, events) => any.isFinished(call, events) && !events.some(({ body }) => isFailed(body.delta)),
  isWord: createWords({ texts: new Set(['parameters', 'document']) }),
  vocabulary: ['message-start', 'content-delta', 'tool-call-start', 'message-end', 'COMPLETE'],
  words: ({ message }) => ({ message }),
  errorRecord,
  broken: (told) => [errorRecord(told)],
}

/** Its programs know no other error within a stream. */
function errorRecord({ message }: Told): string {
  const event = { type: 'message-end', delta: { finish_reason: 'ERROR', error: message } }
  return `event: message-end\ndata: ${JSON.stringify(event)}\n\n`
}

const isFailed = (delta: unknown): boolean => isObject(delta) && delta.finish_reason === 'ERROR'
