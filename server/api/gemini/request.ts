/** What a request to the Gemini API says, and what of it counts for the key. */
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts'
import { leavingOut } from '../request.ts'
import { objectOf } from '../told.ts'

/** How many candidates are asked for, if that is said. */
export function candidatesAsked({ generationConfig, generation_config: config }: JsonObject): JsonValue | undefined {
  const { candidateCount, candidate_count: count } = objectOf(generationConfig ?? config)
  return candidateCount ?? count
}

const counting = leavingOut('labels')

/** The parts that have an id: a call, and what the function gave. */
const CALLS = new Set(['functionCall', 'functionResponse', 'function_call', 'function_response'])

/**
 * The ids of calls stand for their places: to a call that the API gave none, programs give one of their own, with the
 * time in it. Which response is for which call still counts.
 */
export function keyed(request: JsonObject): JsonObject {
  const counted = counting(request)
  const { contents } = counted
  if (!Array.isArray(contents)) return counted
  const places = new Map<JsonValue, string>()
  const placeOf = (id: JsonValue): string => {
    const place = places.get(id) ?? `call ${places.size + 1}`
    places.set(id, place)
    return place
  }
  const inPart = (part: JsonValue): JsonValue =>
    mapped(part, (name, call) =>
      CALLS.has(name) && isObject(call) && call.id !== undefined ? { ...call, id: placeOf(call.id) } : call,
    )
  const inContent = (content: JsonValue): JsonValue =>
    mapped(content, (name, parts) => (name === 'parts' && Array.isArray(parts) ? parts.map(inPart) : parts))
  return { ...counted, contents: contents.map(inContent) }
}

const mapped = (value: JsonValue, each: (name: string, member: JsonValue) => JsonValue): JsonValue =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, each(name, member)]))
    : value
