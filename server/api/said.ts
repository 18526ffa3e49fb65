/** What an answer is to say that nobody recorded, and how a row writes it down. Nothing here is of one API alone. */
import type { JsonObject, JsonValue } from '../base/json.ts'
import { mayHaveLongInteger, parseExact } from '../base/json.ts'
import type { FramingName } from './framing/index.ts'
import type { Headers } from './headers.ts'
import type { AnswerRecord } from './record.ts'

/** A piece of an answer. */
export type Part =
  | { readonly type: 'text'; readonly text: string }
  /** What the model thought before it spoke. */
  | { readonly type: 'reasoning'; readonly text: string }
  /** That it does not want to. */
  | { readonly type: 'refusal'; readonly text: string }
  /** A call of a tool, its arguments as the JSON text of an object. */
  | { readonly type: 'tool'; readonly name: string; readonly arguments: string }

/** What is said of an answer: its pieces, and what is to be known beside them. */
export type Item =
  | Part
  /** It is cut short, as if its tokens were used up. */
  | { readonly type: 'incomplete' }
  /** There is none: the API refuses the call with an HTTP status. */
  | {
      readonly type: 'failure'
      readonly status: number
      readonly message?: string | undefined
      readonly code?: string | undefined
      /** After how many seconds its client may try again. */
      readonly retryAfter?: number | undefined
    }
  /** How long the API takes for each piece, in ms. */
  | { readonly type: 'pace'; readonly ms: number }

/** What an answer says, in the order in which it says it. */
export interface Said {
  readonly parts: readonly Part[]
  /** Whether it is cut short, as if its tokens were used up. */
  readonly isCut: boolean
}

/** What somebody wants an API to answer. */
export interface Wanted extends Said {
  /** The refusal that comes in place of an answer: an HTTP status, and what the API says of it. */
  readonly failure?:
    | {
        readonly status: number
        readonly message: string
        readonly code: string
        readonly retryAfter?: number | undefined
      }
    | undefined
  /** How long each piece takes, in ms, if that is said. */
  readonly paceMs?: number | undefined
}

/** The call that is answered, and what an answer needs that is not said: it is made of the call, the same each time. */
export interface Writing {
  readonly method: string
  readonly path: string
  /** The query with its `?`, or the empty text. */
  readonly query: string
  /** The request as a fixture holds it. */
  readonly request: JsonObject
  /** The model that the call asks; empty if it names none. */
  readonly model: string
  /** Sixty-four digits in hex that belong to this call and this word alone. */
  id(word: string): string
  /** When it is answered, in seconds since 1970. */
  readonly seconds: number
  /** How many tokens it takes, all told; those of its reasoning count as output, too. */
  readonly tokens: { readonly input: number; readonly output: number; readonly reasoning: number }
}

/** An answer as an API would have given it. */
export interface Draft {
  readonly headers: Headers
  readonly framing: FramingName
  /** Without their times. */
  readonly records: readonly AnswerRecord[]
}

/** Writes answers of one API down. */
export interface Writer {
  /** Whether a model answers such a call: embeddings, lists and counts are none. */
  answers(call: Pick<Writing, 'method' | 'path'>): boolean
  /** The answer that says so; undefined if the API has none that does. */
  draft(said: Said, writing: Writing): Draft | undefined
}

/** The parts of one kind. */
export const partsOf = <T extends Part['type']>({ parts }: Said, type: T): Extract<Part, { readonly type: T }>[] =>
  parts.filter((part): part is Extract<Part, { readonly type: T }> => part.type === type)

/** The text of the parts of one kind, joined. */
export const textOf = (said: Said, type: 'text' | 'reasoning' | 'refusal'): string =>
  partsOf(said, type)
    .map(({ text }) => text)
    .join('')

/** Marks an integer that a number cannot hold, as long as it stands in a value. */
const MARK = '\u0000integer '

/** The arguments of a call as a value, to be written by {@link toJson}. */
export const argumentsOf = (json: string): JsonValue => parseExact(json, (digits) => MARK + digits)

/** The JSON text of a value; integers of {@link argumentsOf} stand in it as they were. */
export function toJson(value: JsonObject): string {
  const text = JSON.stringify(value)
  return mayHaveLongInteger(text) ? text.replaceAll(/"\\u0000integer (-?\d+)"/g, '$1') : text
}
