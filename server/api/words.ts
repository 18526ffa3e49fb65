/** Which strings of requests and answers are words of a protocol, and which are texts of somebody. */
import type { Place } from '../base/json-text.ts'

/**
 * Whether the string at a place is a word of the protocol: a type, a role, a status, an id, the name of a tool or of a
 * model. Programs act on it. A text is what a person or a model wrote.
 */
export type IsWord = (place: Place, value: string) => boolean

/** What an API knows of its words beside those that all APIs share. */
export interface Words {
  /** Members whose strings are words, by their names. */
  readonly names?: ReadonlySet<string>
  /** Members below which all strings are texts, whatever they are called: arguments of tools, what they gave back. */
  readonly texts?: ReadonlySet<string>
}

/** Members that hold what people and models chose: the names in them are theirs. */
const TEXTS = ['metadata', 'client_metadata', 'arguments', 'args', 'variables']

/** Members whose strings are words in every API that has them. */
const NAMES = listOf(`
  type @type event event_type object kind role status model modelVersion jsonrpc method format
  mime_type mimeType media_type encoding_format created_at createdAt system_fingerprint service_tier
  tool_choice truncation include modalities required effort verbosity voice phase channel
  anthropic_version $schema $ref responseModalities
`)

/** Members that hold either a word or a text: what has white space in it, or is long, is a text. */
const EITHER = new Set(['name', 'code', 'reason', 'mode', 'detail', 'summary', 'language', 'param', 'outcome', 'error'])

const REASON = /(?:_reason|Reason)$/

/** Ids that tell the parts of a protocol apart. Those that may name a person are texts. */
const API_ID =
  /^(?!(?:customer|user|end_user|client|account|person|patient|employee|member)(?:_i|I)ds?$)(?:id|.*(?:_id|[a-z]Id)s?)$/

const LONGEST_WORD = 64

const isLikeWord = (value: string): boolean => value.length <= LONGEST_WORD && /^[\w.:/-]+$/.test(value)

/** Makes the test of one API. */
export function createWords({ names = new Set(), texts = new Set() }: Words = {}): IsWord {
  const words = new Set([...NAMES, ...names])
  const free = new Set([...TEXTS, ...texts])
  return (place, value) => {
    const name = lastName(place)
    if (name === undefined) return false
    const isNamed = words.has(name) || API_ID.test(name)
    const mayBe = !isNamed && (EITHER.has(name) || REASON.test(name)) && isLikeWord(value)
    return (isNamed || mayBe) && !place.some((step, depth) => depth < place.length - 1 && free.has(String(step)))
  }
}

/** What stands in such members everywhere. */
export const COMMON_VOCABULARY: readonly string[] = listOf(`
  message text delta error user assistant system tool function model object stop completed incomplete
  failed length auto json application/json chat.completion.chunk
`)

/** The words that all APIs share. */
export const isCommonWord: IsWord = createWords()

/** Whether a member of this name holds an id that an API gives. */
export const isApiId = (name: string): boolean => API_ID.test(name)

/** The name of the member that holds a value, however deep in lists. */
function lastName(place: Place): string | undefined {
  for (let depth = place.length - 1; depth >= 0; depth--) {
    const step = place[depth]
    if (typeof step === 'string') return step
  }
  return undefined
}

/** The words of a text. */
function listOf(text: string): string[] {
  return text.trim().split(/\s+/)
}
