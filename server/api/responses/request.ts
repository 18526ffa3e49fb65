/** What a request to the Responses API says, and what of it counts for the key. */
import { type JsonObject, type JsonValue, isObject, memberOf } from '../../base/json.ts'
import { NOT_SHAPING, textIn } from '../request.ts'

/** The members of a request that do not shape its answer. */
export const LEFT_OUT: ReadonlySet<string> = new Set(['stream_options', 'client_metadata', ...NOT_SHAPING])

/** What counts of a request for its key. `"stream":false` is the same as none, and `include` is a set. */
export function keyed(request: JsonObject): JsonObject {
  const counted = Object.entries(request).filter(
    ([name, value]) => !LEFT_OUT.has(name) && !(name === 'stream' && value === false),
  )
  return Object.fromEntries(counted.map(([name, value]) => [name, memberOf(NORMAL, name)?.(value) ?? value]))
}

const NORMAL: Readonly<Record<string, (value: JsonValue) => JsonValue>> = {
  include: (value) => (Array.isArray(value) && value.every((each) => typeof each === 'string') ? setOf(value) : value),
  input: (value) => (Array.isArray(value) ? value.map(withoutOwn) : value),
}

const setOf = (names: readonly string[]): string[] => [...new Set(names)].toSorted()

/** What codex keeps of an item for itself: of which turn of its own it is, and when it was made. */
const PASSED_THROUGH = 'internal_chat_message_metadata_passthrough'

/** The id of an input item refers to nothing, unless the item is nothing but a reference. */
function withoutOwn(item: JsonValue): JsonValue {
  if (!isObject(item) || (item.id === undefined && item[PASSED_THROUGH] === undefined)) return item
  const { id, [PASSED_THROUGH]: _own, ...rest } = item
  const isReference = item.type === 'item_reference' || Object.keys(rest).every((name) => name === 'type')
  return isReference && id !== undefined ? { ...rest, id } : rest
}

/** The text of the last item of the user that has some; of several parts, all. */
export function lastUserText({ input }: JsonObject): string {
  if (typeof input === 'string') return input
  if (!Array.isArray(input)) return ''
  const texts = input.filter(isObject).map((item) => (item.role === 'user' ? textIn(item.content) : ''))
  return texts.findLast((text) => text !== '') ?? ''
}
