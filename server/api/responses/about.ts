/** What an event of the Responses API is about: the type of an item, or of a part of one. */
import { isObject } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'

/** Reads the events of one answer, in order; '' is the whole answer, or its list of items. */
export function readAbout(): (event: ModelEvent) => string {
  /** The types of the items and parts so far, by their place in the answer. */
  const places = new Map<string, string>()
  return ({ body }) => {
    const { item, part, annotation, output_index, content_index, summary_index } = body
    if (typeof output_index !== 'number') return ''
    // A text may have annotations or not: they count as parts.
    if (isObject(annotation)) return String(annotation.type)
    if (typeof summary_index === 'number') return 'summary_text'
    const itemAt = String(output_index)
    if (isObject(item)) {
      places.set(itemAt, String(item.type))
      return ''
    }
    const around = places.get(itemAt) ?? ''
    if (typeof content_index !== 'number') return around
    const partAt = `${output_index}/${content_index}`
    if (!isObject(part)) return places.get(partAt) ?? around
    places.set(partAt, String(part.type))
    return around
  }
}
