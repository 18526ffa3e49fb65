/** What the events of one answer say, whoever is told: its text piece by piece, its output, how it failed. Pure. */
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'

/** What is known of an answer that was read so far. Nothing in it ever changes: each event makes a new one. */
export interface Answer {
  /** All text and refusal parts of all output items, in order. */
  readonly text: string
  /** The places whose text is known. */
  readonly seen: Layers<string, true>
  readonly items: Layers<number, JsonObject>
  readonly listed: readonly JsonValue[]
}

export const NOTHING_READ: Answer = { text: '', seen: [], items: [], listed: [] }

/**
 * A map that never changes: adding makes a new one, which shares most of the old one. Each layer is smaller than the one
 * below it, so an answer may have very many items: adding all of n costs n log n.
 */
type Layers<K, V> = readonly ReadonlyMap<K, V>[]

function adding<K, V>(layers: Layers<K, V>, key: K, value: V): Layers<K, V> {
  let top: ReadonlyMap<K, V> = new Map([[key, value]])
  let below = layers.length
  for (let next = layers[below - 1]; next && next.size <= top.size; next = layers[below - 1]) {
    top = new Map([...next, ...top])
    below--
  }
  return [...layers.slice(0, below), top]
}

const lookUp = <K, V>(layers: Layers<K, V>, key: K): V | undefined =>
  layers.findLast((layer) => layer.has(key))?.get(key)

/** How many parts and items are known of an answer. */
export const partsIn = ({ seen, items }: Answer): number =>
  [...seen, ...items].reduce((count, layer) => count + layer.size, 0)

/** Reads the next event: what is known now, and the pieces of text that it brought. */
export function readEvent(answer: Answer, { type, body }: ModelEvent): { answer: Answer; pieces: readonly string[] } {
  const index = typeof body.output_index === 'number' ? body.output_index : 0
  const place = placeOf(body.item_id, body.output_index, body.content_index)
  switch (type) {
    case 'response.output_text.delta':
    case 'response.refusal.delta':
      if (typeof body.delta !== 'string') return { answer, pieces: [] }
      return withPiece(answer, place, body.delta)
    case 'response.output_text.done':
      return withWhole(answer, [[place, { type: 'output_text', text: body.text ?? '' }]])
    case 'response.refusal.done':
      return withWhole(answer, [[place, { type: 'refusal', refusal: body.refusal ?? '' }]])
    case 'response.content_part.done':
      return withWhole(answer, [[place, body.part]])
    case 'response.output_item.added':
      return { answer: withItem(answer, index, body.item), pieces: [] }
    case 'response.function_call_arguments.done': {
      const item = lookUp(answer.items, index)
      const known = item && typeof body.arguments === 'string' ? { ...item, arguments: body.arguments } : undefined
      return { answer: withItem(answer, index, known), pieces: [] }
    }
    case 'response.output_item.done':
      return withWhole(withItem(answer, index, body.item), partsOf(body.item, body.output_index))
    case 'response.completed':
    case 'response.incomplete': {
      const output =
        isObject(body.response) && Array.isArray(body.response.output) ? body.response.output : answer.listed
      const listed = { ...answer, listed: output }
      // Only where nothing came before: a gateway may list its items in another order, or under other ids.
      return answer.seen.length > 0
        ? { answer: listed, pieces: [] }
        : withWhole(
            listed,
            output.flatMap((item, at) => partsOf(item, at)),
          )
    }
    default:
      return { answer, pieces: [] }
  }
}

type Placed<T> = readonly (readonly [place: string, what: T])[]

/** What comes most often: the next piece of a part of which some is known. */
function withPiece(answer: Answer, place: string, piece: string): { answer: Answer; pieces: readonly string[] } {
  const { text, seen, items, listed } = answer
  const isNews = piece !== '' && !lookUp(seen, place)
  return {
    answer: { text: text + piece, seen: isNews ? adding(seen, place, true) : seen, items, listed },
    pieces: [piece],
  }
}

function withPieces(answer: Answer, pieces: Placed<string>): { answer: Answer; pieces: readonly string[] } {
  let { text, seen } = answer
  for (const [place, piece] of pieces) {
    text += piece
    if (piece !== '' && !lookUp(seen, place)) seen = adding(seen, place, true)
  }
  return { answer: { ...answer, text, seen }, pieces: pieces.map(([, piece]) => piece) }
}

/** Deltas win over what a later event says of the same part, and the first event that has its text over later ones. */
function withWhole(
  answer: Answer,
  parts: Placed<JsonValue | undefined>,
): { answer: Answer; pieces: readonly string[] } {
  const own = new Set<string>()
  const fresh = parts.flatMap(([place, part]) => {
    const piece = textOf(part)
    if (piece === '' || own.has(place) || lookUp(answer.seen, place)) return []
    own.add(place)
    return [[place, piece] as const]
  })
  return fresh.length === 0 ? { answer, pieces: [] } : withPieces(answer, fresh)
}

const withItem = (answer: Answer, index: number, item: JsonValue | undefined): Answer =>
  isObject(item) ? { ...answer, items: adding(answer.items, index, item) } : answer

const partsOf = (item: JsonValue | undefined, index: JsonValue | undefined): Placed<JsonValue | undefined> =>
  isObject(item) && Array.isArray(item.content)
    ? item.content.map((part, at) => [placeOf(item.id, index, at), part] as const)
    : []

/** Its output items in short, as far as they are known: the type, and of function calls the name and arguments. */
export function outputOf({ listed, items }: Answer): JsonObject[] {
  const all = new Map(items.flatMap((layer) => [...layer]))
  const known = listed.length > 0 ? listed : [...all].toSorted(([a], [b]) => a - b).map(([, item]) => item)
  return known.filter(isObject).map(outline)
}

/** Reads one answer, event by event. */
export interface AnswerReader {
  read(event: ModelEvent): readonly string[]
  readonly text: string
  readonly output: readonly JsonObject[]
}

export function readAnswer(): AnswerReader {
  let answer = NOTHING_READ
  return {
    read(event) {
      const read = readEvent(answer, event)
      answer = read.answer
      return read.pieces
    },
    get text() {
      return answer.text
    },
    get output() {
      return outputOf(answer)
    },
  }
}

/** Where a part stands: by index, since some gateways change the id between events; by id where there is no index. */
function placeOf(id: JsonValue | undefined, index: JsonValue | undefined, content: JsonValue | undefined): string {
  const item = typeof index === 'number' ? index : typeof id === 'string' ? id : 0
  return `${item}/${typeof content === 'number' ? content : 0}`
}

/** The text of a content part that a reader of the answer sees: not its reasoning. */
function textOf(part: JsonValue | undefined): string {
  if (!isObject(part)) return ''
  if (part.type === 'output_text' && typeof part.text === 'string') return part.text
  if (part.type === 'refusal' && typeof part.refusal === 'string') return part.refusal
  return ''
}

/** An output item in short. */
function outline(item: JsonObject): JsonObject {
  const shown = item.type === 'function_call' ? ['type', 'name', 'arguments'] : ['type']
  return Object.fromEntries(
    shown.flatMap((name) => {
      const value = item[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}
