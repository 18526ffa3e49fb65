/** Chat Completions, and the legacy completions: OpenAI's, and those of all who speak the same. */
import { type JsonObject, isObject } from '../base/json.ts'
import { any } from './any.ts'
import type { Api } from './api.ts'
import { lastTextOf, textIn, without } from './content.ts'
import { failureIn } from './failure.ts'
import { followStream, isDone } from './stream.ts'
import { createWords } from './words.ts'

/** Gateways put paths of their own in front, and Azure the name of a deployment. */
const PATH = /\/(?:chat\/)?completions$/

/** The members of a request that do not shape its answer. */
const LEFT_OUT = new Set([
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
])

export const chatCompletions: Api = {
  ...any,
  name: 'chat-completions',
  owns: (method, path) => method === 'POST' && PATH.test(path),
  keyed: (request) => without(request, LEFT_OUT),
  lastUserText: ({ messages, prompt }) =>
    messages === undefined ? textIn(prompt) : lastTextOf(messages, ({ content }) => content),
  follow: () => followStream(watchChoices()),
  partOf: ({ type, body: { choices } }) => JSON.stringify([type, indexesIn(choices)]),
  isWord: createWords({ names: new Set(['object', 'reasoning_effort', 'response_format', 'provider']) }),
  vocabulary: ['chat.completion.chunk', 'chat.completion', 'chatcmpl-68a1b2c3d4e5f6', 'tool_calls', 'content_filter'],
}

const indexesIn = (choices: unknown): unknown[] =>
  Array.isArray(choices) ? choices.map((choice) => (isObject(choice) ? choice.index : undefined)) : []

/**
 * An answer is whole after `[DONE]`, which not all servers send, or once all choices that began have a reason to finish. Its
 * usage may follow that.
 */
function watchChoices() {
  const open = new Set<unknown>()
  const finished = new Set<unknown>()
  const look = (choice: JsonObject) => {
    const index = choice.index ?? 0
    if (choice.finish_reason === undefined || choice.finish_reason === null) {
      if (!finished.has(index)) open.add(index)
    } else {
      open.delete(index)
      finished.add(index)
    }
  }
  return {
    event(event: Parameters<typeof failureIn>[0]) {
      const { choices } = event.body
      if (Array.isArray(choices)) for (const choice of choices) if (isObject(choice)) look(choice)
      return failureIn(event) ? ('failing' as const) : ('open' as const)
    },
    isEnd: isDone,
    isWhole: () => finished.size > 0 && open.size === 0,
  }
}
