/** What a request carries of an answer, put in anew from the answer that came in its place. Pure. */
import { apiNamed } from '../api/index.ts'
import { textIn } from '../api/request.ts'
import { objectOf, objectsIn } from '../api/told.ts'
import { type Place, replacementsIn } from '../base/json-text.ts'
import { type JsonObject, type JsonValue, MAX_DEPTH, isEqual, isObject, parseJson } from '../base/json.ts'
import { type Fixture, eventsOf } from '../fixture/fixture.ts'
import { parseRequest } from '../fixture/request.ts'

/** What an answer gives that a later request carries. */
export type Answer = Pick<Fixture, 'api' | 'records'>

/** What stands in a new answer where something stood in the old one: ids, opaque data, and the text. */
export interface Renewal {
  readonly ids: ReadonlyMap<string, string>
  readonly texts: readonly (readonly [before: string, after: string])[]
}

export const NOTHING_NEW: Renewal = { ids: new Map(), texts: [] }

/**
 * What a conversation has to put in place of what it had of an answer, or why that cannot be known: the model called
 * another tool, so that what the app did after it is no longer true.
 */
export function renewalBy(before: Answer, after: Answer): Renewal | { readonly why: string } {
  const [was, is] = [before, after].map((answer) => apiNamed(answer.api).told(eventsOf(answer)))
  const [calls = [], now = []] = [was, is].map((told) => (told?.output ?? []).filter(({ name }) => name !== undefined))
  if (!isEqual(calls.map(calledBy), now.map(calledBy))) {
    return { why: `the model now calls ${inWords(now)}, where it called ${inWords(calls)}` }
  }
  const [old, fresh] = [givenIn(before), givenIn(after)]
  const [from = '', to = ''] = [was, is].map((told) => (told?.pieces ?? []).map(({ text }) => text).join(''))
  const isAlike = isEqual([...old.keys()].toSorted(), [...fresh.keys()].toSorted()) && (from === '') === (to === '')
  // What the app would have made of another form is not known.
  if (!isAlike) return { why: 'the new answer has other parts than the old one' }
  const ids = new Map([...old].map(([place, value]) => [value, fresh.get(place) ?? value] as const))
  return { ids, texts: from === '' ? [] : [[from, to]] }
}

/** All that is new in a conversation so far. */
export const together = (one: Renewal, other: Renewal): Renewal => ({
  ids: new Map([...one.ids, ...other.ids]),
  texts: [...one.texts, ...other.texts],
})

/** A call of a tool as it counts: of arguments in JSON their value. */
function calledBy({ name, arguments: args }: JsonObject): JsonValue {
  return [name ?? null, (typeof args === 'string' ? parseJson(args) : args) ?? args ?? null]
}

const SHOWN_CHARS = 200

function inWords(calls: readonly JsonObject[]): string {
  const told = calls.map(
    ({ name, arguments: args }) => `${String(name)}(${typeof args === 'string' ? args : JSON.stringify(args ?? '')})`,
  )
  const text = told.join(', ') || 'no tool'
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS).toWellFormed()}…` : text
}

/** Members that hold what the model thought, or the arguments of its calls: they may come in parts, and are sent back whole. */
const IN_PARTS: ReadonlySet<string> = new Set(['thinking', 'reasoning_content', 'reasoning', 'arguments'])

const isInParts = (name: string, { type, thought }: JsonObject): boolean =>
  IN_PARTS.has(name) || (name === 'text' && (type === 'summary_text' || thought === true))

/** What an answer gives that is sent back, by where it stands in the answer. */
function givenIn(answer: Answer): ReadonlyMap<string, string> {
  const { repeats } = apiNamed(answer.api)
  const whole = new Map<string, Set<string>>()
  const inParts = new Map<string, string>()
  const take = (holder: JsonObject, name: string, value: string, place: readonly JsonValue[]): void => {
    const kind = JSON.stringify([holder.type ?? holder.object ?? '', name])
    const where = JSON.stringify([name, ...place])
    if (isInParts(name, holder)) inParts.set(where, (inParts.get(where) ?? '') + value)
    else if (repeats?.names.has(name) && value !== '') whole.set(kind, (whole.get(kind) ?? new Set()).add(value))
  }
  const walk = (value: JsonValue | undefined, place: readonly JsonValue[]): void => {
    if (place.length > MAX_DEPTH) return
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, [...place, objectOf(item).index ?? index])
    }
    for (const [name, member] of Object.entries(objectOf(value))) {
      if (typeof member === 'string') take(objectOf(value), name, member, place)
      else walk(member, place)
    }
  }
  for (const event of eventsOf(answer)) {
    const { index, output_index: at } = event.body
    for (const value of repeats?.gives(event) ?? []) walk(value, [index ?? at ?? ''])
  }
  const wholes = [...whole].flatMap(([kind, values]) =>
    [...values].map((value, index) => [`${kind} ${index}`, value] as const),
  )
  return new Map([...wholes, ...[...inParts].filter(([, text]) => text !== '')])
}

/**
 * The JSON text of a request with what is new put in; all else stays as it stands, to the byte. Gives undefined if a text
 * of an answer stands there in parts, so that it is not known where the new one belongs.
 */
export function renewed(apiName: string, requestText: string, { ids, texts }: Renewal): string | undefined {
  const { repeats } = apiNamed(apiName)
  if (!repeats) return requestText
  const { history, names, own = [], model, content } = repeats
  const request = parseRequest(requestText)
  const items = objectsIn(request[history]).length > 0 ? request[history] : []
  const newTexts = textPlaces(Array.isArray(items) ? items : [], { history, model, content, texts })
  if (!newTexts) return undefined
  const pick = (place: Place): string | undefined => {
    const text = newTexts.get(JSON.stringify(place))
    if (text !== undefined) return JSON.stringify(text)
    const [first, name] = [place[0], place.at(-1)]
    const isSent = typeof name === 'string' && (names.has(name) || IN_PARTS.has(name) || name === 'text')
    const isHere = (first === history && isSent) || own.includes(String(first))
    const value = isHere ? valueAt(request, place) : undefined
    const now = typeof value === 'string' ? ids.get(value) : undefined
    return now === undefined ? undefined : JSON.stringify(now)
  }
  let [text, at] = ['', 0]
  for (const { start, end, by } of replacementsIn(requestText, pick)) {
    text += requestText.slice(at, start) + by
    at = end
  }
  return text + requestText.slice(at)
}

/** The path of a request with the new id of the answer that it is about. */
export function renewedPath(apiName: string, path: string, { ids }: Renewal): string {
  const found = apiNamed(apiName).repeats?.path?.exec(path)
  const [all = '', id = ''] = found ?? []
  const now = ids.get(id)
  return found && now !== undefined ? path.replace(all, () => all.replace(id, () => now)) : path
}

interface History extends Pick<Renewal, 'texts'> {
  readonly history: string
  readonly model: string
  readonly content: string
}

/** Where texts of answers stand in a history, and what is to stand there. */
function textPlaces(items: readonly JsonValue[], { history, model, content, texts }: History) {
  const places = new Map<string, string>()
  const bare = (text: string) => text.replaceAll(/\s+/g, '')
  const news = new Map(texts.map(([before, after]) => [bare(before), after]))
  for (const [index, item] of items.entries()) {
    const { role, [content]: said } = objectOf(item)
    const text = role === model ? textIn(said) : ''
    // An answer may have said nothing but white space: what says nothing at all repeats none.
    const now = text === '' ? undefined : news.get(bare(text))
    if (now === undefined) continue
    const place = placeOfText(said)
    if (!place) return undefined
    places.set(JSON.stringify([history, index, content, ...place]), now)
  }
  return places
}

/** Where the one text of a content stands; undefined if there are several. */
function placeOfText(said: JsonValue | undefined): Place | undefined {
  if (typeof said === 'string') return []
  const parts = Array.isArray(said) ? said : []
  const [index, ...more] = parts.flatMap((part, at) => (textIn(part) === '' ? [] : [at]))
  if (index === undefined || more.length > 0) return undefined
  return typeof parts[index] === 'string' ? [index] : [index, 'text']
}

function valueAt(root: JsonValue, place: Place): JsonValue | undefined {
  let value: JsonValue | undefined = root
  for (const step of place) {
    if (Array.isArray(value)) value = typeof step === 'number' ? value[step] : undefined
    else value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  }
  return value
}
