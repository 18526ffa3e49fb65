/** What requests of APIs in general say, and what of them counts. */
import { type JsonObject, type JsonValue, isObject } from '../base/json.ts'

/** Leaves members of these names out of what counts of a request. */
export const leavingOut =
  (...names: readonly string[]): ((request: JsonObject) => JsonObject) =>
  (request) =>
    Object.fromEntries(Object.entries(request).filter(([name]) => !names.includes(name)))

/** Members that OpenAI's APIs have for accounts, caches and queues, and that those who speak like it took over: they shape no answer. */
export const NOT_SHAPING = [
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'service_tier',
  'store',
] as const

type Keyed = (request: JsonObject) => JsonObject

/** Leaves out `"stream": false`, too: where nothing is streamed unless it is asked for, it says what its absence says. */
export const unlessStreamed =
  (keyed: Keyed): Keyed =>
  (request) => {
    const { stream, ...others } = request
    return keyed(stream === false ? others : request)
  }

/** The text of a content: a string, or what is text in its parts. */
export function textIn(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  if (isObject(content)) return textIn(content.text)
  if (!Array.isArray(content)) return ''
  return content
    .map(textIn)
    .filter((text) => text !== '')
    .join(' ')
}

/** The text of the last message of the user that has some. */
export function lastOfUser(messages: JsonValue | undefined, content: string): string {
  if (!Array.isArray(messages)) return ''
  const texts = messages.filter(isObject).map((each) => ((each.role ?? 'user') === 'user' ? textIn(each[content]) : ''))
  return texts.findLast((text) => text !== '') ?? ''
}

/** The model that a request names; empty if it names none. */
export const modelIn = (_call: unknown, { model }: JsonObject): string => (typeof model === 'string' ? model : '')
