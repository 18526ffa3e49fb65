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
  /** Which part of what is said it belongs to, where several stand side by side. */
  readonly part?: string | undefined
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

/** What was told of the events of an answer, by the last of them. */
const toldBefore = new WeakMap<
  ModelEvent,
  { readonly events: readonly ModelEvent[]; readonly told: Told; readonly by: Tells }
>()

type Tells = (events: readonly ModelEvent[]) => Told

/** What a row tells of the events of an answer. Several ask that of one answer when it has ended: it is told once. */
export function toldOf({ told: by }: { readonly told: Tells }, events: readonly ModelEvent[]): Told {
  const last = events.at(-1)
  const before = last && toldBefore.get(last)
  const isSame = before?.by === by && before.events.length === events.length
  if (isSame && before.events.every((event, index) => event === events[index])) return before.told
  const told = by(events)
  if (last) toldBefore.set(last, { events, told, by })
  return told
}

/** Gathers what the events of an answer say. */
export interface Teller {
  text(at: number, piece: JsonValue | undefined): void
  /** A piece of what the model thought. */
  thought(at: number, piece: JsonValue | undefined): void
  /** A tool call, or a part of one. Parts have the same place, and their arguments are joined; without one it is whole. */
  call(place: JsonValue | undefined, name: JsonValue | undefined, args: JsonValue | undefined): void
  /** The same of a tool that the API runs by itself: nobody has to answer it, and it is no output. */
  ran(place: JsonValue | undefined, name: JsonValue | undefined, args: JsonValue | undefined): void
  /** Tokens; what comes later counts more. */
  usage(counted: JsonValue | undefined): void
  /** Why the answer ended, in the API's word. */
  reason(word: JsonValue | undefined): void
}

/** Words with which an answer ends that was cut short. */
const SHORT =
  /^(?:length|max_?(?:output_)?tokens|content_filter|model_context_window_exceeded|incomplete|budget_exceeded)$/i

/** A tool call as far as it was told. */
interface Called {
  readonly index: number
  /** Whether it is for the client to answer. */
  readonly isOutput: boolean
  name: string
  arguments: string
}

/** Makes what a row tells of an answer of what it tells of each event. */
export const tellBy =
  (tell: (event: ModelEvent, teller: Teller) => void): ((events: readonly ModelEvent[]) => Told) =>
  (events) => {
    const [pieces, thoughts]: [Piece[], Piece[]] = [[], []]
    const callPieces: CallPiece[] = []
    const calls = new Map<string, Called>()
    let [event, now] = [0, 0]
    let usage: JsonObject | undefined
    let reason: string | undefined
    const into =
      (list: Piece[]): Teller['text'] =>
      (at, piece) => {
        if (typeof piece === 'string' && piece !== '') list.push({ at, text: piece, event })
      }
    const calling =
      (isOutput: boolean): Teller['call'] =>
      (place, name, args) => {
        const key = JSON.stringify(place === undefined ? [calls.size, 'whole'] : [place, isOutput])
        const known = calls.get(key)
        const call = known ?? { index: calls.size, isOutput, name: '', arguments: '' }
        if (typeof name === 'string' && name !== '') call.name = name
        const text = args === undefined || args === null ? '' : asText(args)
        call.arguments += text
        // Some say of every call that there is none.
        if (call.name === '' && call.arguments === '') return
        if (text !== '' || !known) callPieces.push({ at: now, text, event, call: call.index, name: call.name })
        calls.set(key, call)
      }
    const teller: Teller = {
      text: into(pieces),
      thought: into(thoughts),
      call: calling(true),
      ran: calling(false),
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
    const outputs = [...calls.values()].filter(({ isOutput }) => isOutput)
    return {
      pieces,
      thoughts,
      calls: callPieces,
      output: outputs.map(({ name, arguments: args }) => ({ type: 'function_call', name, arguments: args })),
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
