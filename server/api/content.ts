/** What requests of chats hold: what a person said, and what counts. */
import { type JsonObject, type JsonValue, isObject } from '../base/json.ts'

/** A text, or the texts of parts that have some; the empty text if there is none. */
export function textIn(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part) => (typeof part === 'string' ? part : isObject(part) && typeof part.text === 'string' ? part.text : ''))
    .filter((text) => text !== '')
    .join(' ')
}

/** The text of the last message of the user that has some. @param content gives what a message holds */
export function lastTextOf(
  said: JsonValue | undefined,
  content: (message: JsonObject) => JsonValue | undefined,
): string {
  if (!Array.isArray(said)) return ''
  const texts = said.map((each) => (isObject(each) && (each.role ?? 'user') === 'user' ? textIn(content(each)) : ''))
  return texts.findLast((text) => text !== '') ?? ''
}

/** The members of a request that count; `"stream":false` is the same as none. */
export const without = (request: JsonObject, leftOut: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(
    Object.entries(request).filter(([name, value]) => !leftOut.has(name) && !(name === 'stream' && value === false)),
  )
