/**
 * Keys and tokens → `[redacted:<kind>]`, before a request gets its key and before anything is written, shown or
 * logged. A rule matches whole tokens, so that ordinary words, and parts of longer ones, stay.
 */
import { type ModelEvent, parseEvent } from '../api/event.ts'
import { partOf } from '../api/responses/events.ts'
import { rewriteStrings, rewriteValues } from '../base/json-text.ts'
import { parseJson } from '../base/json.ts'
import { KNOWN, type Match, type Rule, placeholderFor } from './kinds.ts'
import { type Place, leadsTo, nameIn } from './path.ts'
import { NO_RULES, type PatternRule, type Rules, matchesOf } from './rules.ts'

/** What is clean comes back unchanged, to the byte. */
export interface Redactor {
  /** Redacts a plain text. */
  text(text: string, found?: Found): string
  /** Redacts every string of a JSON text but the opaque ones (ids, encrypted content, base64). */
  json(text: string, found?: Found): string
  /** Redacts an HTTP body, which may be JSON and may be anything. */
  body(text: string, found?: Found): string
  /**
   * Redacts the events of one answer. The deltas of a part are read as one text: where a secret spans several, its
   * placeholder stands in the first and the rest of it leaves the others, so that they still add up to the `done` text.
   */
  events(events: readonly ModelEvent[], found?: (kind: string, event: ModelEvent) => void): ModelEvent[]
  /** A redactor that knows these secrets too. */
  with(secrets: Secrets): Redactor
}

/** Is told the kind of everything that was redacted; by a rule of the user, its placeholder. */
export type Found = (kind: string) => void

/** The texts of secrets by their kind. One that is not set is none. */
export type Secrets = Readonly<Record<string, string | undefined>>

/** From this length on a secret is found wherever it stands. */
const LONG_SECRET_CHARS = 8

/** A shorter one counts where it stands alone, and looks like no word: a key that is `test` must not empty every text. */
const SHORT_SECRET = /^(?=.*[^A-Za-z]).{4,}$/

/** The very text of a secret. */
function verbatim(kind: string, secret: string): Rule[] {
  const alone = secret.length < LONG_SECRET_CHARS
  if (alone && !SHORT_SECRET.test(secret)) return []
  const placeholder = placeholderFor(kind)
  const isAlone = (text: string, start: number) =>
    !/[\w-]/.test(`${text[start - 1] ?? ' '}`) && !/[\w-]/.test(`${text[start + secret.length] ?? ' '}`)
  return [
    {
      find(text) {
        const matches: Match[] = []
        for (let start = text.indexOf(secret); start !== -1; start = text.indexOf(secret, start + secret.length)) {
          if (!alone || isAlone(text, start)) matches.push({ start, end: start + secret.length, kind, placeholder })
        }
        return matches
      },
      hints: [secret],
    },
  ]
}

const OPAQUE_NAME = /(?:^|_)(?:id|b64|b64_json|encrypted_content|file_data|obfuscation|signature|fingerprint)$/

/** Long unbroken base64, or a data URL: chance alone makes tokens in it. Some tokens are as long, and begin as they do. */
const OPAQUE_TEXT = /^(?!ops_ey|glc_|pypi-)(?:data:[^,]{0,200};base64,)?[A-Za-z0-9+/_-]{200,}={0,2}$/

const isOpaque = (text: string, name: string) => OPAQUE_NAME.test(name) || OPAQUE_TEXT.test(text)

/** The name of a member may say that its value is a secret. */
const TELLING_NAME = /key$/i

/** An id that the API gives: a pattern of the user would part it from what it belongs to. Other ids are texts. */
const API_ID =
  /^(?:(?:item|call|response|previous_response|approval_request|container|conversation|file|vector_store)_)?id$/

/** What is the API's own, and no text. */
const isData = (text: string, name: string) =>
  OPAQUE_TEXT.test(text) || (OPAQUE_NAME.test(name) && (API_ID.test(name) || !name.endsWith('id')))

/** Any text may hold a match of an expression that is not known: the empty hint stands in all. */
const ruleOf = (rule: PatternRule): Rule => ({
  find: (text) =>
    matchesOf(rule, text).map(({ index, 0: found }) => ({
      start: index,
      end: index + found.length,
      kind: rule.placeholder,
      placeholder: rule.placeholder,
    })),
  hints: [''],
})

/** Makes a redactor that knows the common kinds of keys and tokens, the given secrets, and the user's own rules. */
export const createRedactor = (secrets: Secrets = {}, own: Rules = NO_RULES): Redactor =>
  redactorOf([], own).with(secrets)

/** @param given the rules for secrets that are known to be such: they count in opaque members, too */
function redactorOf(given: readonly Rule[], own: Rules): Redactor {
  const patterns = own.patterns.map(ruleOf)
  // Known kinds first: a key of a known kind has the same placeholder wherever it is configured.
  const rules = [...KNOWN, ...given, ...patterns]
  const hints = hintsOf(rules)
  const inOwnIds = [...given, ...patterns]
  const rulesFor = (string: string, name: string): readonly Rule[] => {
    if (!isOpaque(string, name)) return rules
    return isData(string, name) ? given : inOwnIds
  }

  const member = (string: string, name: string, found?: Found): string => {
    const counting = rulesFor(string, name)
    if (!TELLING_NAME.test(name)) return redact(string, counting, found)
    // The name and its value are read as one text.
    const before = `${name}=`
    const matched = findAll(before + string, counting).filter(({ start }) => start >= before.length)
    return replace(string, before.length, matched, found)
  }
  const strings = (value: string, found?: Found): string =>
    hints.test(value) ? rewriteStrings(value, (string, name) => member(string, name, found)) : value
  const members = pathRedactor(own)
  const json = (value: string, found?: Found): string => strings(members(value, 'request', found), found)

  const redactor: Redactor = {
    text: (value, found) => (hints.test(value) ? redact(value, rules, found) : value),
    json,
    with(secrets) {
      const more = Object.entries(secrets).flatMap(([kind, secret]) => (secret ? verbatim(kind, secret) : []))
      return more.length === 0 ? redactor : redactorOf([...given, ...more], own)
    },
    body: (value, found) => (parseJson(value) === undefined ? redact(value, rules, found) : json(value, found)),
    events(asSent, found) {
      const origins = new Map<ModelEvent, ModelEvent>()
      const events = asSent.map((origin) => {
        const event = rewritten(
          origin,
          members(origin.text, 'event', (kind) => found?.(kind, origin)),
        )
        if (event !== origin) origins.set(event, origin)
        return event
      })
      const teller = (event: ModelEvent) => (kind: string) => found?.(kind, origins.get(event) ?? event)
      const deltas = new Map<ModelEvent, string>()
      for (const part of partsOf(events)) {
        const joined = part.map(deltaOf).join('')
        const matched = hints.test(joined) ? findAll(joined, rulesFor(joined, '')) : []
        if (matched.length === 0) continue
        let start = 0
        for (const event of part) {
          const delta = deltaOf(event)
          deltas.set(event, replace(delta, start, matched, teller(event)))
          start += delta.length
        }
      }
      return events.map((event) => {
        if (deltas.size === 0 && !hints.test(event.text)) return event
        const whole = deltas.size > 0 ? withoutLogprobs(event.text) : event.text
        const tell = teller(event)
        const written = rewriteStrings(whole, (string, name, depth) => {
          // A delta was read with its part, where it may be a piece of something else.
          if (depth === 1 && name === 'delta') return deltas.get(event) ?? string
          return member(string, name, tell)
        })
        return rewritten(event, written)
      })
    },
  }
  return redactor
}

/** The event with another text; the very same where it is the same. */
const rewritten = (event: ModelEvent, text: string): ModelEvent =>
  text === event.text ? event : (parseEvent(text, event.at, event.name) ?? event)

/** Redacts the members at the user's paths. The `response` of an event repeats members of its request: they count, too. */
function pathRedactor({ paths }: Rules): (json: string, of: 'request' | 'event', found?: Found) => string {
  const names = paths.map(({ path }) => nameIn(path) ?? '')
  const pick = (place: Place) => paths.find(({ path }) => leadsTo(path, place))?.placeholder
  const pickers = {
    request: pick,
    event: (place: Place) => pick(place) ?? (place[0] === 'response' ? pick(place.slice(1)) : undefined),
  }
  return (json, of, found) =>
    names.some((name) => json.includes(name)) || (names.length > 0 && json.includes(String.raw`\u`))
      ? rewriteValues(json, pickers[of], found)
      : json
}

/** The tokens and bytes of a text stand once more in its log probabilities, where no rule can find a secret. */
const withoutLogprobs = (json: string): string =>
  /"logprobs"\s*:\s*\[\s*\{/.test(json)
    ? JSON.stringify(JSON.parse(json, (name, value: unknown) => (name === 'logprobs' ? [] : value)))
    : json

/** Finds whether a JSON text can hold a match at all: most hold none, and are spared the search. Escapes may hide anything. */
const hintsOf = (rules: readonly Rule[]): RegExp =>
  new RegExp(
    [...new Set(rules.flatMap((rule) => rule.hints)), String.raw`\u`, String.raw`\/`]
      .map((hint) => hint.replaceAll(/[\\/.^$*+?()[\]{}|-]/g, String.raw`\$&`))
      .join('|'),
  )

/** The secrets in a text, in order. Of those that overlap the one that begins first counts, and hides the others, too. */
function findAll(text: string, rules: readonly Rule[]): Match[] {
  const found = rules
    .filter(({ hints }) => hints.some((hint) => text.includes(hint)))
    .flatMap((rule) => rule.find(text))
    // A rule may find what it has left before.
    .filter(({ start, end, placeholder }) => text.slice(start, end) !== placeholder)
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
  const matches: Match[] = []
  for (const match of found) {
    const last = matches.at(-1)
    if (!last || match.start >= last.end) matches.push(match)
    else if (match.end > last.end) matches[matches.length - 1] = { ...last, end: match.end }
  }
  return matches
}

const redact = (text: string, rules: readonly Rule[], found?: Found): string =>
  replace(text, 0, findAll(text, rules), found)

/**
 * Replaces the matches in a piece of a text that begins at `start` in the whole. A match leaves its placeholder in the
 * piece that holds its beginning.
 *
 * @param found is told each match that begins in this piece
 */
function replace(piece: string, start: number, matches: readonly Match[], found?: Found): string {
  const end = start + piece.length
  let written = ''
  let at = start
  for (const match of matches) {
    if (match.end <= at || match.start >= end) continue
    written += piece.slice(at - start, Math.max(match.start, at) - start)
    if (match.start >= at) {
      written += match.placeholder
      found?.(match.kind)
    }
    at = Math.min(match.end, end)
  }
  return written + piece.slice(at - start)
}

const deltaOf = ({ body }: ModelEvent): string => (typeof body.delta === 'string' ? body.delta : '')

/** The events that carry deltas, together where they belong to one part. */
const partsOf = (events: readonly ModelEvent[]): Iterable<ModelEvent[]> =>
  Map.groupBy(
    events.filter(({ body }) => typeof body.delta === 'string'),
    partOf,
  ).values()

/** What must not be shown or written, by its kind. */
export const secretsOf = ({
  apiKey,
  authToken,
}: {
  readonly apiKey: string | undefined
  readonly authToken: string | undefined
}): Record<string, string | undefined> => ({
  'api-key': apiKey,
  'auth-token': authToken,
})
