/** What the events of the Responses API tell of tool calls: those that a client answers, and those that the API runs. */
import { type JsonObject, asText, isObject } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'
import type { CallPiece } from '../told.ts'
import { type Said, itemsIn, placeIn, saidOnce } from './said-once.ts'

/** A call as far as it was told. */
interface Called {
  readonly index: number
  name: string
  hasText: boolean
}

/** Reads the events of one answer, in order. */
export function createCalls(): { read(event: ModelEvent, index: number): void; readonly pieces: readonly CallPiece[] } {
  const pieces: CallPiece[] = []
  const calls = new Map<string, Called>()
  const once = saidOnce()
  return {
    read(event, index) {
      const tell = (place: string, text: string, name = ''): void => {
        const known = calls.get(place)
        const call = known ?? { index: calls.size, name, hasText: false }
        const isNews = !known || text !== '' || (call.name === '' && name !== '')
        call.name ||= name
        call.hasText ||= text !== ''
        calls.set(place, call)
        if (isNews) pieces.push({ at: event.at, text, event: index, call: call.index, name: call.name })
      }
      for (const { text } of once(partOf(event))) tell(placeIn(event.body), text)
      for (const { place, item } of begunOrEnded(event, calls.size === 0)) {
        const isOver = event.type !== 'response.output_item.added'
        tell(place, isOver && calls.get(place)?.hasText !== true ? argumentsOf(item) : '', nameOf(item))
      }
    },
    pieces,
  }
}

/** A piece of what a call is made of, or all of it: its arguments, its input, its code. What it gave is none. */
const PART = /^response\.(\w+)\.(delta|done)$/

const OF_CALL = '_call_'

function partOf({ type, body }: ModelEvent): Said[] {
  if (!type.includes(OF_CALL)) return []
  const [, family = '', end] = PART.exec(type) ?? []
  const at = family.lastIndexOf(OF_CALL)
  const member = family.slice(at + OF_CALL.length)
  if (at < 1 || member === '' || member.startsWith('output')) return []
  const whole = body[member] ?? body[member.replace(/^.*_/, '')]
  const place = `${placeIn(body)} ${typeof body.command_index === 'number' ? body.command_index : 0}`
  return [{ place, text: end === 'delta' ? body.delta : whole, isDelta: end === 'delta' }]
}

/** The calls among the items that an event tells of. */
function begunOrEnded(event: ModelEvent, isNews: boolean): ReturnType<typeof itemsIn> {
  const { type, body } = event
  const begun = type === 'response.output_item.added' && isObject(body.item) ? body.item : undefined
  const items = begun
    ? [{ place: placeIn({ ...body, item_id: begun.id ?? null }), item: begun }]
    : itemsIn(event, isNews)
  return items.length === 0 ? items : items.filter(({ item }) => CALL.test(asText(item.type ?? '')))
}

const CALL = /_(?:call|approval_request)$/

/** The name of the tool; of a tool that has none what it is. */
const nameOf = ({ name, type }: JsonObject): string =>
  typeof name === 'string' && name !== '' ? name : asText(type ?? '').replace(CALL, '')

/** What a call is asked, under the member that its kind has for it. */
function argumentsOf(item: JsonObject): string {
  const { arguments: args, input, code, action, operation, queries } = item
  return asText(args ?? input ?? code ?? action ?? operation ?? queries ?? '')
}
