/** What deltatape knows of one provider's interface: a row of the table in `index.ts`. */
import type { JsonObject } from '../base/json.ts'
import type { Ending } from './ending.ts'
import type { ModelEvent } from './event.ts'
import type { TellsOf } from './failure.ts'
import type { FramingName } from './framing/index.ts'
import type { Headers } from './headers.ts'
import type { AnswerRecord } from './record.ts'
import type { Repeats } from './repeats.ts'
import type { Writer } from './said.ts'
import type { Told } from './told.ts'
import type { IsWord } from './words.ts'

/** What a row looks at of a call. */
export interface Asked {
  readonly method: string
  /** The path that the client asked, without what deltatape takes off it (a name, a host). */
  readonly path: string
  /** The query with its `?`, or the empty text; deltatape's own parameters are taken out. */
  readonly query: string
  readonly headers: Headers
  /** The body with its content coding taken off. */
  readonly content: Uint8Array
}

/** The head of an answer: what a client gets before the first record. */
export interface Head {
  readonly status: number
  /** As the API sent them, without those that are the connection's. */
  readonly headers: Headers
  /** How the body is cut into records. */
  readonly framing: FramingName
}

export interface Api {
  /** As fixtures name it. */
  readonly name: string
  /** Whether a call is this API's. One whose body is not there yet has no content. */
  owns(call: Asked): boolean
  /**
   * Makes sure that a call has the form without which it could not be told from others.
   *
   * @throws DeltatapeError `invalid_json`, `invalid_input` or `unsupported_media_type`
   */
  check(call: Asked): void
  /**
   * What counts of a request for its key.
   *
   * @param request the whole request, redacted
   */
  keyed(request: JsonObject): JsonObject
  /** The text of the user that names the fixture; empty if there is none. */
  lastUserText(request: JsonObject): string
  /** The model that is asked; empty if the call names none. */
  modelOf(call: Pick<Asked, 'method' | 'path'>, request: JsonObject): string
  /** The id of the earlier answer that a request continues. */
  continues(request: JsonObject): string | undefined
  /** Where requests repeat what earlier answers gave; undefined if it is not known. */
  readonly repeats?: Repeats
  /** Follows an answer with HTTP status 2xx to its end. Without its question only how far it is can be told. */
  follow(question?: Question): Follower
  /** The events of an answer: those of its records, or one that stands for a JSON body if the row knows what it means. */
  events(records: readonly AnswerRecord[]): readonly ModelEvent[]
  /** Whether the model finished what it was asked for, by the events of an answer that is `complete`. */
  isFinished(call: Pick<Asked, 'method' | 'path'>, events: readonly ModelEvent[]): boolean
  /** The id by which a later request may continue this answer. */
  answerId(call: Pick<Asked, 'method' | 'path'>, events: readonly ModelEvent[]): string | undefined
  /** How an answer to a call that does not stream is made of the stream that answers the same call, if it can be. */
  readonly inOne?: InOne
  /** Writes answers that nobody recorded, if it is known how this API gives them. */
  readonly writer?: Writer
  /**
   * The part of an answer that an event belongs to: its deltas and what ends it have the same. What is redacted is looked
   * for in the text of a part: if those of two texts are told alike, what a rule of the user would find is not found if it is
   * cut by what comes between.
   */
  partOf(event: ModelEvent): string
  /** Which strings of a request and of an answer are words of the protocol: the user's rules leave them alone. */
  readonly isWord: IsWord
  /** Words of the protocol that everybody meets: a rule of the user that matches one is told of. */
  readonly vocabulary: readonly string[]
  /** The failure that an event tells of, in the API's own words: to be redacted before it is shown. */
  failureOf(event: ModelEvent): TellsOf | undefined
  /** What an answer says, for those who show it. What it leaves out is shown in sizes and lines. */
  told(events: readonly ModelEvent[]): Told
  /** Whether its programs pass over events that have no name. */
  readonly goesByName?: true
  /** What counts of a call for its key beside method, path and body. */
  readonly counts?: Counts
  /** What ties an answer to its own call, if the API has such a thing. */
  readonly ties?: Ties
  /** Members of events that differ in every answer, by their names, beside those that do so with all APIs. */
  readonly volatile?: ReadonlySet<string>
  /** Members of a request that an answer repeats and that do not shape it. */
  readonly echoed?: ReadonlySet<string>
  /** Types of events that only keep a connection alive: how many come is chance. */
  readonly idle?: ReadonlySet<string>
  /** Tells of the events of one answer, in order, the type of the part that each is about; '' if it is about all of it. */
  about?(): (event: ModelEvent) => string
  /** What the events of an answer show of its upstream that is unusual, and no damage. */
  habits?(events: readonly ModelEvent[]): readonly Habit[]
  /** Whether deltatape sends such a call in its own name if it sends one by itself: with the API's own package. */
  sendsOwn?(call: Pick<Asked, 'method' | 'path'>): boolean
  /** The content type with which a call is answered that asks for a stream; undefined if it asks for none. */
  streamType(call: Pick<Asked, 'method' | 'path' | 'query'>, request: JsonObject): string | undefined
  /** The status of a miss: one that the API's own programs show, and do not try again. 404 if nothing is said. */
  readonly missStatus?: number
  /** An error that comes in place of an answer, in the shape that the API's SDK makes its own error of. */
  refused(trouble: Trouble, call?: Asked): Refused
  /** The records that end an answer that has begun with an error. */
  failing(trouble: Trouble, place: Place): readonly AnswerRecord[]
}

/** What counts of a call beside its body. Names are in lower case. */
export interface Counts {
  readonly headers?: readonly string[]
  /** Headers that hold a list whose order says nothing. */
  readonly sets?: readonly string[]
  /** Parameters of the query that do not count, beside those that hold credentials. */
  readonly notQuery?: readonly string[]
}

/** What an upstream does in its own way. */
export interface Habit {
  /** The place of the event that shows it first. */
  readonly index: number
  /** What it does, in words that complete "unusual, and replayed as it is: …". */
  readonly what: string
}

/** What went wrong, to be told in an API's own words. */
export interface Trouble {
  /** The HTTP status that says it. */
  readonly status: number
  readonly message: string
  readonly code: string
  /** After how many seconds its client may try again, if that is to be said. */
  readonly retryAfter?: number | undefined
}

export interface Refused {
  /** If another status says it than that of the trouble. */
  readonly status?: number
  readonly headers?: Headers
  readonly body: JsonObject | JsonObject[]
}

/** The question that an answer belongs to. */
export interface Question extends Pick<Asked, 'method' | 'path'> {
  /** As a fixture holds it: what is no JSON object is told in one. */
  readonly request: JsonObject
}

/** Where in an answer an error stands. */
export interface Place {
  /** The call that is answered. */
  readonly call?: Asked | undefined
  /** How many events came before it, or records where those are not told apart. */
  readonly sent: number
  /** The last of them that names the answer, by its id or by the response that it carries, if there was one. */
  readonly last: ModelEvent | undefined
  /** How the answer is cut into records. */
  readonly framing: FramingName
  /** Whether the answer ends in failure by itself, without an error. */
  readonly isFailure: boolean
}

/** Another form of the same answer, in which nothing has to be invented. */
export interface InOne {
  /**
   * The JSON text of the request that asks for the same as a stream; undefined if it asks for one already.
   *
   * @param request the same as the call's content, parsed
   */
  request(call: Asked, request: JsonObject): string | undefined
  /** The JSON body that the events of the stream amount to. */
  answer(events: readonly ModelEvent[]): { readonly status: number; readonly text: string }
}

/**
 * What a call says that does not count for its key, and that its answer repeats, such as the id of a message: in a replay
 * the answer repeats what the call of now says.
 */
export interface Ties {
  /**
   * The JSON texts of what a request says so, by where they stand in it.
   *
   * @param request the JSON text of a request, as it was sent or as a fixture holds it
   */
  of(request: string): ReadonlyMap<string, string>
  /** The JSON text of an answer, or of an event of it, with those of another request; the same text if it repeats none. */
  retied(answer: string, from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): string
}

/** How far an answer is. */
export type Progress = 'open' | 'failing' | 'settling'

/** Follows one answer, record by record. */
export interface Follower {
  /**
   * Takes the next record. Says whether the answer goes on (`open`), or may be over: what follows is waited for a moment
   * only. After a failure that the API tells of (`failing`) more of the answer may follow; after its end (`settling`)
   * nothing that matters.
   */
  take(record: AnswerRecord): Progress
  /** How the answer ended: its body has, or nothing came while it was settling. */
  end(): Ending
}
