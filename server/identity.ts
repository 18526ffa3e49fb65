/** Which request it is: its key, and the name that its fixture gets. Pure. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { DeltatapeError } from './errors.ts'
import { isEqual, isObject, memberOf, parseObject, type JsonObject, type JsonValue } from './json.ts'
import type { Redactor } from './redact.ts'

/** The members of a request that do not shape its answer. */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  'stream',
  'stream_options',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'service_tier',
  'store',
])

/** Which request it is. */
export interface Identity {
  /** SHA-256, in hex. */
  readonly key: string
  /** The request as a fixture holds it: redacted, without the members that the key leaves out. */
  readonly request: JsonObject
  /** The key of the fixture whose answer this request continues. */
  readonly previousKey?: string
}

/**
 * The identity of a request; record and replay both call this, so that they cannot differ.
 *
 * @param previousKey the key of the fixture that holds the answer with the request's `previous_response_id`: in the
 *   key it stands for the id, which changes with every recording
 * @throws DeltatapeError `invalid_input` where the body has no canonical form
 */
export function identify(body: JsonObject, redactor: Redactor, previousKey?: string): Identity {
  const kept = Object.fromEntries(Object.entries(body).filter(([name]) => !LEFT_OUT.has(name)))
  const request = parseObject(redactor.json(JSON.stringify(kept))) ?? {}
  return { key: keyFor(request, previousKey), request, ...(previousKey === undefined ? {} : { previousKey }) }
}

/** SHA-256 over the RFC 8785 form of a request that was redacted and trimmed already. */
export function keyFor(request: JsonObject, previousKey: string | undefined): string {
  try {
    return createHash('sha256')
      .update(canonicalize(keyed({ request, previousKey })) ?? '')
      .digest('hex')
  } catch (cause) {
    throw new DeltatapeError('invalid_input', `This request has no canonical form: ${String(cause)}.`, { cause })
  }
}

/** A request as its key sees it: the key of the fixture that it continues stands for that answer's id. */
export const keyed = ({
  request,
  previousKey,
}: {
  request: JsonObject
  previousKey?: string | undefined
}): JsonObject => (previousKey === undefined ? request : { ...request, previous_response_id: previousKey })

/** The members that make the keys of two requests differ, by name, sorted. */
export const differingMembers = (a: Identity, b: Identity): string[] => [...differing(a, b)].toSorted()

/** How many members make the keys of two requests differ; at most `most` + 1 of them are counted. */
export function countDiffering(a: Identity, b: Identity, most: number): number {
  let count = 0
  const names = differing(a, b)
  while (count <= most && !names.next().done) count++
  return count
}

function* differing(a: Identity, b: Identity): Generator<string> {
  const [left, right] = [keyed(a), keyed(b)]
  for (const name in left) if (!isEqual(left[name], memberOf(right, name))) yield name
  for (const name in right) if (!Object.hasOwn(left, name)) yield name
}

/** How many characters of the key a file name carries. */
export const NAME_KEY_CHARS = 12
const MAX_SLUG_CHARS = 40

/** `<words of the last user text>-<start of the key>.jsonl` */
export function fileName({ request, key }: Identity): string {
  return `${slug(lastUserText(request.input))}-${key.slice(0, NAME_KEY_CHARS)}.jsonl`
}

function slug(text: string): string {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? []
  return words.join('-').slice(0, MAX_SLUG_CHARS).replace(/-$/, '') || 'request'
}

/** The text of the last item of the user that has some; of several parts, all. */
export function lastUserText(input: JsonValue | undefined): string {
  if (typeof input === 'string') return input
  if (!Array.isArray(input)) return ''
  const texts = input.filter(isObject).map((item) => (item.role === 'user' ? contentText(item.content) : ''))
  return texts.findLast((text) => text !== '') ?? ''
}

function contentText(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : ''))
    .filter((text) => text !== '')
    .join(' ')
}
