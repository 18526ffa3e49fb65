/** Chat Completions, and the completions before them: OpenAI's, and those of all that speak the same. */
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts'
import { any } from '../any.ts'
import type { Api, Question } from '../api.ts'
import { eventsOrBody } from '../body.ts'
import { createChoices } from '../choices.ts'
import { EVENT_STREAM, errorOf, sseEvent } from '../error.ts'
import type { ModelEvent } from '../event.ts'
import { failureIn, type TellsOf, tell } from '../failure.ts'
import { type Said, followBy } from '../follow.ts'
import { repeatsBy } from '../repeats.ts'
import { NOT_SHAPING, lastOfUser, leavingOut, textIn, unlessStreamed } from '../request.ts'
import { type Teller, objectOf, objectsIn, tellBy } from '../told.ts'
import { createWords } from '../words.ts'
import { writer } from './write.ts'

/** By the end of the path: what stands before it is a provider's, a gateway's, or a deployment's. */
const PATH = /\/(?:chat\/completions|completions)$/

const NOT_ASKED = /\/organization\/usage\//

/** vLLM says it so. */
const isBareError = ({ object, message }: JsonObject): boolean => object === 'error' && typeof message === 'string'

function failureOf(event: ModelEvent): TellsOf | undefined {
  const { body, name } = event
  if (isBareError(body)) return { code: 'upstream_error', message: tell('The API sent an error', body) }
  return name === 'error' ? failureIn(event) : failureIn({ ...event, type: '' })
}

/** Every choice has said why it ended; then `[DONE]` comes, or with some providers nothing. */
function look(question?: Question): (event: ModelEvent) => Said {
  const choices = createChoices(() => question?.request.n)
  return (event) => {
    if (failureOf(event)) return 'failed'
    for (const { index = 0, finish_reason: reason } of objectsIn(event.body.choices)) {
      choices.take(index, typeof reason === 'string' && reason !== '')
    }
    return choices.areOver() ? 'enough' : undefined
  }
}

/** What the model thought, in one of the members that providers have for it: most have one, some say the same in several. */
function thoughtIn({ reasoning_content: content, reasoning, reasoning_details: details, content: parts }: JsonObject) {
  const detailed = objectsIn(details).map(({ text, summary }) => text ?? summary)
  const inParts = objectsIn(parts).flatMap(({ thinking }) => objectsIn(thinking).map(({ text }) => text))
  return [content, reasoning, joined(detailed), joined(inParts)].find((text) => typeof text === 'string' && text !== '')
}

const joined = (texts: readonly (JsonValue | undefined)[]): string =>
  texts.filter((text) => typeof text === 'string').join('')

/** @param first where the answer stands: some send its pieces and all of it so far, in one piece with an empty delta */
function tellEvent({ at, body }: ModelEvent, teller: Teller, first: 'delta' | 'message'): void {
  for (const choice of objectsIn(body.choices)) {
    const said = objectOf(choice[first] ?? choice.delta ?? choice.message)
    teller.thought(at, thoughtIn(said) ?? choice.reasoning)
    teller.text(at, textIn(said.content ?? choice.text))
    teller.text(at, said.refusal)
    for (const [place, call] of objectsIn(said.tool_calls).entries()) {
      const { name, arguments: args, input } = objectOf(call.function ?? call.custom)
      teller.call([choice.index ?? 0, call.index ?? place], name, args ?? input)
    }
    // They are told once when they begin, and once more with what they gave.
    for (const tool of objectsIn(said.executed_tools)) {
      if (first === 'delta' && tool.output !== undefined) continue
      teller.ran([choice.index ?? 0, tool.index ?? 0], tool.name ?? tool.type, tool.arguments)
    }
    // As tools were called before there were several.
    const { name, arguments: args } = objectOf(said.function_call)
    if (name !== undefined || args !== undefined) teller.call([choice.index ?? 0], name, args)
    teller.reason(choice.finish_reason)
  }
  teller.usage(body.usage ?? objectOf(body.x_groq).usage)
}

const tellStream = tellBy((event, teller) => tellEvent(event, teller, 'delta'))

const tellWhole = tellBy((event, teller) => tellEvent(event, teller, 'message'))

export const chatCompletions: Api = {
  ...any,
  name: 'chat-completions',
  owns: ({ method, path }) => method === 'POST' && PATH.test(path) && !NOT_ASKED.test(path),
  keyed: unlessStreamed(leavingOut(...NOT_SHAPING)),
  counts: { headers: ['openai-beta'] },
  lastUserText: ({ messages, prompt }) => lastOfUser(messages, 'content') || textIn(prompt),
  repeats: repeatsBy((body) => [body.choices]),
  follow: followBy({ look, data: { '[DONE]': 'whole' } }),
  events: eventsOrBody,
  isFinished: (_call, events) => events.length > 0 && !events.some(failureOf),
  partOf: ({ body }) => {
    const [choice] = objectsIn(body.choices)
    const [call] = objectsIn(objectOf(choice?.delta).tool_calls)
    return JSON.stringify([choice?.index, call?.index])
  },
  isWord: createWords({ names: new Set(['finish_reason', 'native_finish_reason', 'provider']) }),
  vocabulary: [...any.vocabulary, 'finish_reason', 'tool_calls', 'chatcmpl-68a1b2c3d4e5f6'],
  failureOf,
  writer,
  told: (events) => (events.length === 1 ? tellWhole : tellStream)(events),
  volatile: new Set(['system_fingerprint', 'obfuscation', 'p', 'service_tier']),
  streamType: (_call, { stream }) => (stream === true ? EVENT_STREAM : undefined),
  failing: (trouble, { last }) => [
    // The SDKs of some providers read no chunk without an id.
    sseEvent({
      ...(isObject(last?.body) && typeof last.body.id === 'string' ? { id: last.body.id } : {}),
      error: errorOf(trouble),
    }),
  ],
}
