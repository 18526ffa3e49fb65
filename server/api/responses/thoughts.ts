/** What the events of the Responses API tell of what the model thought, in its own words or in a summary of them. */
import type { JsonObject, JsonValue } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'
import { type Piece, objectOf, objectsIn } from '../told.ts'
import { type Said, itemsIn, placeIn, saidOnce } from './said-once.ts'

/** Reads the events of one answer, in order. */
export function createThoughts(): { read(event: ModelEvent, index: number): void; readonly pieces: readonly Piece[] } {
  const pieces: Piece[] = []
  const once = saidOnce()
  return {
    read(event, index) {
      for (const { place, text } of once(saidIn(event, pieces.length === 0)))
        pieces.push({ at: event.at, text, event: index, part: place })
    },
    pieces,
  }
}

function saidIn(event: ModelEvent, isNews: boolean): Said[] {
  const { type, body } = event
  const isThought = type.startsWith('response.reasoning_')
  const [, summary, end] = (isThought && /^response\.reasoning_(summary_)?text\.(delta|done)$/.exec(type)) || []
  if (end !== undefined) {
    const part = summary === undefined ? inWords(body.content_index) : inSummary(body.summary_index)
    return [{ place: `${placeIn(body)} ${part}`, text: body.delta ?? body.text, isDelta: end === 'delta' }]
  }
  if (type === 'response.reasoning_summary_part.done') {
    const { text } = objectOf(body.part)
    return [{ place: `${placeIn(body)} ${inSummary(body.summary_index)}`, text }]
  }
  return itemsIn(event, isNews).flatMap(({ place, item }) => (item.type === 'reasoning' ? partsOf(item, place) : []))
}

const inWords = (index: JsonValue | undefined): string => `content ${asNumber(index)}`

const inSummary = (index: JsonValue | undefined): string => `summary ${asNumber(index)}`

const asNumber = (index: JsonValue | undefined): number => (typeof index === 'number' ? index : 0)

/** All that an item says, its summary first as the API streams it. */
const partsOf = ({ summary, content }: JsonObject, place: string): Said[] => [
  ...objectsIn(summary).map(({ text }, index) => ({ place: `${place} ${inSummary(index)}`, text })),
  ...objectsIn(content).map(({ text }, index) => ({ place: `${place} ${inWords(index)}`, text })),
]
