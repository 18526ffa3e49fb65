/** What the events of one answer say, whoever is told: its text piece by piece, its output, how it failed. Pure. */
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'

/** Reads one answer, event by event. */
export interface AnswerReader {
  /** The pieces of text that an event brings; all of them, joined, are the answer's text. */
  read(event: ModelEvent): string[]
  /** The text so far: all text and refusal parts of all output items, in order. */
  readonly text: string
  /** Its output items in short, as far as they are known: the type, and of function calls the name and arguments. */
  readonly output: readonly JsonObject[]
  /** Another reader, which has read as much and goes on by itself. */
  copy(): AnswerReader
}

/** What is known of an answer that was read so far. */
interface Known {
  readonly seen: Set<string>
  readonly items: Map<number, JsonObject>
  readonly listed: readonly JsonValue[]
  readonly text: string
}

/** Begins to read an answer. */
export const readAnswer = (): AnswerReader => goOn({ seen: new Set(), items: new Map(), listed: [], text: '' })

function goOn({ seen, items, listed: before, text: said }: Known): AnswerReader {
  let listed = before
  let text = said

  /** Deltas win over what a later event says of the same part, and the first event that has its text over later ones. */
  const whole = (part: JsonValue | undefined, place: string): string[] => {
    const piece = textOf(part)
    if (piece === '' || seen.has(place)) return []
    seen.add(place)
    return [piece]
  }

  const wholeItem = (item: JsonValue | undefined, index: JsonValue | undefined): string[] => {
    if (!isObject(item) || !Array.isArray(item.content)) return []
    return item.content.flatMap((part, at) => whole(part, placeOf(item.id, index, at)))
  }

  const piecesOf = ({ type, body }: ModelEvent): string[] => {
    const index = typeof body.output_index === 'number' ? body.output_index : 0
    const place = placeOf(body.item_id, body.output_index, body.content_index)
    switch (type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        if (typeof body.delta !== 'string') return []
        if (body.delta !== '') seen.add(place)
        return [body.delta]
      case 'response.output_text.done':
        return whole({ type: 'output_text', text: body.text ?? '' }, place)
      case 'response.refusal.done':
        return whole({ type: 'refusal', refusal: body.refusal ?? '' }, place)
      case 'response.content_part.done':
        return whole(body.part, place)
      case 'response.output_item.added':
        if (isObject(body.item)) items.set(index, body.item)
        return []
      case 'response.function_call_arguments.done': {
        const item = items.get(index)
        if (item && typeof body.arguments === 'string') items.set(index, { ...item, arguments: body.arguments })
        return []
      }
      case 'response.output_item.done':
        if (isObject(body.item)) items.set(index, body.item)
        return wholeItem(body.item, body.output_index)
      case 'response.completed':
      case 'response.incomplete':
        if (isObject(body.response) && Array.isArray(body.response.output)) listed = body.response.output
        // Only where nothing came before: a gateway may list its items in another order, or under other ids.
        return seen.size === 0 ? listed.flatMap((item, at) => wholeItem(item, at)) : []
      default:
        return []
    }
  }

  return {
    read(event) {
      const pieces = piecesOf(event)
      for (const piece of pieces) text += piece
      return pieces
    },
    get text() {
      return text
    },
    get output() {
      const known = listed.length > 0 ? listed : [...items].toSorted(([a], [b]) => a - b).map(([, item]) => item)
      return known.filter(isObject).map(outline)
    },
    copy: () => goOn({ seen: new Set(seen), items: new Map(items), listed, text }),
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
