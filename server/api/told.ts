/** What an answer says, for those who show it: its text, tool calls, tokens, and in which word it ended. */
import { type JsonObject, type JsonValue, asText, isObject } from '../base/json.ts'
import type { ModelEvent } from './event.ts'

/** In which word an answer ended that is complete. */
export type StatusWord = 'completed' | 'incomplete' | 'failed' | 'error'

/** A piece of what an answer says. */
export interface Piece {
  /** When it came, in ms since the call was sent. */
  readonly at: number
  readonly text: string
  /** Which of the events that were told of holds it, from 0 on. */
  readonly event: number
}

/** A piece of a tool call's arguments; of a call without any one piece that is empty. */
export interface CallPiece extends Piece {
  /** Which of the calls it is of, from 0 on. */
  readonly call: number
  /** The name of the tool, as far as it is known by then. */
  readonly name: string
}

export interface Told {
  /** The text, piece by piece. */
  readonly pieces: readonly Piece[]
  /** What the model thought before it spoke, piece by piece. */
  readonly thoughts?: readonly Piece[] | undefined
  /** The tool calls, piece by piece. */
  readonly calls?: readonly CallPiece[] | undefined
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
  /** A piece of what the model thought. */
  thought(at: number, piece: JsonValue | undefined): void
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
    const [pieces, thoughts]: [Piece[], Piece[]] = [[], []]
    const callPieces: CallPiece[] = []
    const calls = new Map<string, { place: number; name: string; arguments: string }>()
    let [event, now] = [0, 0]
    let usage: JsonObject | undefined
    let reason: string | undefined
    const teller: Teller = {
      text(at, piece) {
        if (typeof piece === 'string' && piece !== '') pieces.push({ at, text: piece, event })
      },
      thought(at, piece) {
        if (typeof piece === 'string' && piece !== '') thoughts.push({ at, text: piece, event })
      },
      call(place, name, args) {
        const key = JSON.stringify(place)
        const known = calls.get(key) ?? { place: calls.size, name: '', arguments: '' }
        if (typeof name === 'string' && name !== '') known.name = name
        const text = args === undefined || args === null ? '' : asText(args)
        known.arguments += text
        if (text !== '' || !calls.has(key))
          callPieces.push({ at: now, text, event, call: known.place, name: known.name })
        calls.set(key, known)
      },
      usage(counted) {
        if (isObject(counted)) usage = { ...usage, ...counted }
      },
      reason(word) {
        if (typeof word === 'string' && word !== '') reason = word
      },
    }
    for (const [index, each] of events.entries()) {
      ;[event, now] = [index, each.at]
      tell(each, teller)
    }
    const isShort = reason !== undefined && SHORT.test(reason)
    return {
      pieces,
      thoughts,
      calls: callPieces,
      output: [...calls.values()].map(({ name, arguments: args }) => ({
        type: 'function_call',
        name,
        arguments: args,
      })),
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
