/** What the page is told, as JSON. Times are in ms since the call was sent, unless it is said otherwise; sizes are bytes. */
import type { Headers } from '../../api/headers.ts'
import type { Comparison, RunChange } from '../../fixture/compare.ts'
import type { Listed } from '../../fixture/listed.ts'
import type { Summary } from '../../fixture/summary.ts'
import type { Change } from '../../fixture/words.ts'
import type { Mode } from '../../model/mode.ts'

/** What the server is. */
export interface Status {
  readonly version: string
  readonly mode: Mode
  /** Where the fixtures are, as configured. */
  readonly fixtures: string
  /** The command that starts a server on them, for whoever started this one; flags may follow. */
  readonly serve: string
  /** The model that the chat endpoints ask. */
  readonly chatbotModel: string
  /** The pace of replays, in words: `instant`, `recorded`, `2x`, `15ms`. */
  readonly pace: string
  /** What breaks all answers, in words: `reset@7`. */
  readonly fault?: string | undefined
}

/** A fixture in the list. What only the page asks for is known of whole fixtures alone. */
export interface Row extends Listed {
  /** How the last text of the user begins. */
  readonly asked?: string | undefined
  /** The types of its events, each once. */
  readonly types?: readonly string[] | undefined
  /** The names of the tools that it calls, each once. */
  readonly tools?: readonly string[] | undefined
  /** The tokens, as far as the API counted them. */
  readonly tokens?: { readonly input: number; readonly output: number } | undefined
}

/** A part of the list, in the order of names. */
export interface Rows {
  /** How many fixtures there are in all. */
  readonly total: number
  readonly rows: readonly Row[]
  /** Where the next part begins; absent at the end. */
  readonly next?: string | undefined
}

/** What a piece of an answer is, and so its lane. Whatever is none of these is drawn as `other`. */
export type Kind = 'reasoning' | 'text' | 'tool'

/** A block of an answer: a run of text or of reasoning, or one tool call. */
export interface Block {
  readonly kind: Kind
  /** The name of the tool. */
  readonly name?: string | undefined
}

/** The records of an answer by column: the n-th of each list is of the n-th record. */
export interface Records {
  /** When each came, and where its type stands among the types. */
  readonly at: readonly number[]
  readonly type: readonly number[]
  readonly bytes: readonly number[]
  /** What was on the wire: text, or base64 of those that are listed in `binary`. */
  readonly wire: readonly string[]
  readonly binary: readonly number[]
}

/** The pieces of an answer by column, in the order in which they came. */
export interface Pieces {
  /** Which record holds each, and which block it belongs to. */
  readonly record: readonly number[]
  readonly block: readonly number[]
  readonly text: readonly string[]
}

/** What a chat client gets for the answer, as `/ws-stream` sends it. */
export interface Frames {
  /** The frames of each record. */
  readonly of: readonly (readonly string[])[]
  /** The frames that come after the last record: those that tell how the answer broke. */
  readonly last: readonly string[]
}

/** How a browser replays a fixture. */
export type Replay =
  /** As a turn of `/ws-stream`: the members of the message, without an id. */
  | { readonly how: 'chat'; readonly message: string; readonly take: number }
  /** As a call over HTTP; the target begins with `/`. */
  | {
      readonly how: 'http'
      readonly method: string
      readonly target: string
      readonly headers: Headers
      /** The text of the body; absent if there is none. */
      readonly body?: string | undefined
      readonly take: number
    }
  /** Not at all, and why not in a sentence. */
  | { readonly how: 'none'; readonly why: string }

/** All of one fixture. */
export interface View extends Omit<Summary, 'answer' | 'events'> {
  readonly name: string
  /** How the last text of the user begins. */
  readonly asked: string
  /** The whole request, as JSON text: its integers may be longer than a number. */
  readonly request: string
  /** The fixture that it continues, if that can be told. */
  readonly previous?: { readonly key: string; readonly name?: string | undefined } | undefined
  /** The headers of the answer, as far as they are kept. */
  readonly headers: Headers
  /** How the body is cut into records; absent if no answer came. */
  readonly framing?: string | undefined
  /** Whether nobody recorded it, and whether it was edited by hand and is meant so. */
  readonly written: boolean
  readonly edited: boolean
  /** The longest silence between two arrivals, the end included. */
  readonly gap?: { readonly from: number; readonly to: number } | undefined
  /** SHA-256 (hex) of the body as it is replayed over HTTP. */
  readonly sha256?: string | undefined
  /** The distinct types of the records: of events their own, of other data what it is, in brackets. */
  readonly types: readonly string[]
  readonly records: Records
  readonly blocks: readonly Block[]
  readonly pieces: Pieces
  /** Absent if no chat client could get the answer. */
  readonly frames?: Frames | undefined
  /** The tokens, as far as the API counted them. */
  readonly tokens?: Row['tokens']
  /** The last line of the fixture's file, as JSON text. */
  readonly last: string
  readonly replay: Replay
  /** The command that records it again. */
  readonly command: string
}

/** A member whose values differ, word by word. Long values are cut. */
export interface MemberWords {
  /** Its path, such as `input[0].content`. */
  readonly name: string
  readonly changes: readonly Change[]
}

/** Two fixtures, or one and what git has of it, and what differs. */
export interface Compared {
  readonly before: View
  readonly after: View
  readonly comparison: Comparison
  /** The members that differ, by the part of the comparison that names them. */
  readonly words: Readonly<
    Record<'request' | 'ending' | 'headers' | 'output' | 'body' | 'usage', readonly MemberWords[]>
  >
  /** What the models thought, word by word; empty if it is the same. */
  readonly reasoning: readonly Change[]
  /** All records in rows of one type each, in order: how many of them each side has, 0 where it has no such row. */
  readonly runs: readonly RunChange[]
  /** The command that tells what differs. */
  readonly command: string
}

/** What an exported page holds in place of a server. */
export interface Exported {
  readonly version: string
  readonly view: View
}

/** What is at each path below `/page`. */
export interface PageData {
  readonly status: Status
  readonly fixtures: Rows
  /** The names of the fixtures whose input or answer holds what is looked for. */
  readonly search: readonly string[]
  readonly fixture: View
  readonly compare: Compared
}
