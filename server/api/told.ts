/** What an answer says, for those who show it: its text, tool calls, tokens, and in which word it ended. */
import { type JsonObject, type JsonValue, asText, isObject } from '../base/json.ts'
import type { ModelEvent } from './event.ts'

/** In which word an answer ended that is complete. */
export type StatusWord = 'completed' | 'incomplete' | 'failed' | 'error'

export interface Told {
  /** The text, piece by piece, with the time of each in ms since the call was sent. */
  readonly pieces: readonly { readonly at: number; readonly text: string }[]
  /** What there is beside text: `{ type, name, arguments }` of a tool call, the type alone of anything else. */
  readonly output: readonly JsonObject[]
  /** The tokens, as the API counted them. */
  readonly usage?: JsonObject | undefined
  /** Undefined if the answer does not say. */
  readonly status?: StatusWord | undefined
  /** Why it ended so, in a sentence. */
  readonly why?: string | undefined
}

export const NOTHING_TOLD: Told = { pieces: [], output: [] }

/** Gathers what the events of an answer say. */
export interface Teller {
  text(at: number, piece: JsonValue | undefined): void
  /** A tool call, or a part of one. Parts have the same place; their arguments are joined. */
  call(place: JsonValue, name: JsonValue | undefined, args: JsonValue | undefined): void
  /** Tokens; what comes later counts more. */
  usage(counted: JsonValue | undefined): void
  /** Why the answer ended, in the API's word. */
  reason(word: JsonValue | undefined): void
}

/** Words with which an answer ends that was cut short. */
const SHORT =
  /^(?:length|max_?(?:output_)?tokens|content_filter|model_context_window_exceeded|incomplete|budget_exceeded)$/i

/** Makes what a row tells of an answer of what it tells of each event. */
export const tellBy =
  (tell: (event: ModelEvent, teller: Teller) => void): ((events: readonly ModelEvent[]) => Told) =>
  (events) => {
    const pieces: { at: number; text: string }[] = []
    const calls = new Map<string, { name: string; arguments: string }>()
    let usage: JsonObject | undefined
    let reason: string | undefined
    const teller: Teller = {
      text(at, piece) {
        if (typeof piece === 'string' && piece !== '') pieces.push({ at, text: piece })
      },
      call(place, name, args) {
        const key = JSON.stringify(place)
        const known = calls.get(key) ?? { name: '', arguments: '' }
        if (typeof name === 'string' && name !== '') known.name = name
        if (args !== undefined && args !== null) known.arguments += asText(args)
        calls.set(key, known)
      },
      usage(counted) {
        if (isObject(counted)) usage = { ...usage, ...counted }
      },
      reason(word) {
        if (typeof word === 'string' && word !== '') reason = word
      },
    }
    for (const event of events) tell(event, teller)
    const isShort = reason !== undefined && SHORT.test(reason)
    return {
      pieces,
      output: [...calls.values()].map((call) => ({ type: 'function_call', ...call })),
      usage,
      status: reason === undefined ? undefined : isShort ? 'incomplete' : 'completed',
      why: isShort ? `The answer was cut short: ${reason}.` : undefined,
    }
  }

/** The objects of a list; none of what is no list. */
export const objectsIn = (value: JsonValue | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []

/** The object that a value is; an empty one of anything else. */
export const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {})
