/** What a message says that its answer repeats: the id of a request, and the token by which it is told of its progress. */
import { minified } from '../../base/json-format.ts'
import { type Place, memberText, replacementsIn, withReplaced } from '../../base/json-text.ts'
import { type JsonValue, isEqual, isObject, parseJson } from '../../base/json.ts'
import type { Ties } from '../api.ts'
import { objectOf } from '../told.ts'
import { isResponse, messagesIn } from './messages.ts'

const ID = ['id']

const TOKEN = ['params', '_meta', 'progressToken']

const TOLD_TOKEN = ['params', 'progressToken']

/** Where a value stands in its message. */
const within = (place: Place): Place => (typeof place[0] === 'number' ? place.slice(1) : place)

const isAt = (place: Place, wanted: Place): boolean => isEqual([...within(place)], [...wanted])

/** The same text for the same value. */
const plain = (text: string): string => JSON.stringify(parseJson(text))

/** A batch stands below `json` in a fixture. */
function of(request: string): ReadonlyMap<string, string> {
  const value = parseJson(request)
  const isBatch = isObject(value) && Array.isArray(value.json)
  const text = minified(isBatch ? (memberText(request, 'json') ?? '') : request)
  const places: string[] = []
  const found = replacementsIn(text, (place) => {
    if (!isAt(place, ID) && !isAt(place, TOKEN)) return undefined
    places.push(JSON.stringify(place))
    return ''
  })
  return new Map(found.map(({ start, end }, index) => [places[index] ?? '', text.slice(start, end)]))
}

/** Puts the ids of a call into its responses, and its tokens into the notifications of their progress. */
export const ties: Ties = {
  of,
  retied(answer, from, to) {
    const value = parseJson(answer)
    const messages = messagesIn(value)
    if (!messages) return answer
    const [ids, tokens] = [new Map<string, string>(), new Map<string, string>()]
    for (const [place, was] of from) {
      const now = to.get(place)
      if (now !== undefined) (place.endsWith(',"progressToken"]') ? tokens : ids).set(plain(was), now)
    }
    const now = (known: ReadonlyMap<string, string>, was: JsonValue | undefined) => known.get(JSON.stringify(was))
    return withReplaced(answer, (place) => {
      const message = messages[typeof place[0] === 'number' ? place[0] : 0] ?? {}
      if (isAt(place, ID)) return isResponse(message) ? now(ids, message.id) : undefined
      if (message.method !== 'notifications/progress' || !isAt(place, TOLD_TOKEN)) return undefined
      return now(tokens, objectOf(message.params).progressToken)
    })
  },
}
