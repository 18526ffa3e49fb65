/** What is said in deltas and then again as a whole, told once: by the deltas, or else by the first event that has all of it. */
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'
import { objectsIn } from '../told.ts'

/** A piece of what is said at a place of the answer, or all of it. */
export interface Said {
  readonly place: string
  readonly text: JsonValue | undefined
  readonly isDelta?: boolean
}

/** Makes what lets through what was not said yet at its place. */
export function saidOnce(): (said: readonly Said[]) => { readonly place: string; readonly text: string }[] {
  const seen = new Set<string>()
  return (said) =>
    // Of most events nothing is.
    said.length === 0
      ? []
      : said.flatMap(({ place, text, isDelta = false }) => {
          if (typeof text !== 'string' || text === '' || (!isDelta && seen.has(place))) return []
          seen.add(place)
          return [{ place, text }]
        })
}

/** Where the item is that an event is about: by index, since some gateways change the id between events. */
export const placeIn = ({ output_index: index, item_id: id }: JsonObject): string =>
  String(typeof index === 'number' ? index : typeof id === 'string' ? id : 0)

/**
 * The items that an event tells of as they ended: one, or those of the whole response.
 *
 * @param isNews whether nothing was told before: a gateway may list its items in another order, or under other ids
 */
export function itemsIn(
  { type, body }: ModelEvent,
  isNews: boolean,
): { readonly place: string; readonly item: JsonObject }[] {
  const { item, output_index: index, response } = body
  if (type === 'response.output_item.done') {
    return isObject(item) ? [{ place: placeIn({ output_index: index ?? null, item_id: item.id ?? null }), item }] : []
  }
  if (!isNews || !isObject(response)) return []
  return objectsIn(response.output).map((each, at) => ({ place: String(at), item: each }))
}
