/** What a request to the Responses API says. */
import { type JsonValue, isObject } from '../../base/json.ts'

/** The members of a request that do not shape its answer. */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  'stream',
  'stream_options',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'service_tier',
  'store',
])

/** The text of the last item of the user that has some; of several parts, all. */
export function lastUserText(input: JsonValue | undefined): string {
  if (typeof input === 'string') return input
  if (!Array.isArray(input)) return ''
  const texts = input.filter(isObject).map((item) => (item.role === 'user' ? contentText(item.content) : ''))
  return texts.findLast((text) => text !== '') ?? ''
}

function contentText(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : ''))
    .filter((text) => text !== '')
    .join(' ')
}
