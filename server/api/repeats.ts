/** Where requests repeat what answers gave: so it is known which answer a request continues. */
import type { JsonObject, JsonValue } from '../base/json.ts'
import type { ModelEvent } from './event.ts'

export interface Repeats {
  /** The member of a request that holds what was said so far, in order. */
  readonly history: string
  /** The role of what the model said in it; empty if only ids are repeated. */
  readonly model: string
  /** The member of an item that holds its text. */
  readonly content: string
  /** The names of members that hold what an API gave and is sent back: ids, and data that nobody reads. */
  readonly names: ReadonlySet<string>
  /** Those of them that programs fill by themselves if an answer gave nothing. */
  readonly madeByPrograms?: ReadonlySet<string>
  /** Members of the request itself that hold such ids. */
  readonly own?: readonly string[]
  /** The path of a call that is about an earlier answer; its first group is the id. */
  readonly path?: RegExp
  /** The row with whose answers it shares its ids, if that is another one. */
  readonly sharedWith?: string
  /** What an event gives that may be sent back. */
  gives(event: ModelEvent): readonly (JsonValue | undefined)[]
}

/** The ids of tool calls and their outputs, and what comes with reasoning. */
const USUAL = ['id', 'call_id', 'tool_call_id', 'signature', 'data', 'encrypted_content']

/** How most APIs repeat answers: as messages of an assistant. */
export const repeatsBy = (
  gives: (body: JsonObject, type: string) => readonly (JsonValue | undefined)[],
  more: Partial<Omit<Repeats, 'gives' | 'names'>> & { readonly names?: readonly string[] } = {},
): Repeats => ({
  history: 'messages',
  model: 'assistant',
  content: 'content',
  ...more,
  names: new Set([...USUAL, ...(more.names ?? [])]),
  gives: ({ body, type }) => gives(body, type),
})
