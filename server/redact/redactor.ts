/**
 * Keys, tokens and other credentials → `[redacted:<kind>]`: before a request gets its key, and before anything is
 * written, shown or logged. A rule matches whole tokens, so that ordinary words, and parts of longer ones, stay.
 */
import type { Api } from '../api/api.ts'
import type { Headers } from '../api/headers.ts'
import type { AnswerRecord } from '../api/record.ts'
import { type Place, rewriteValues } from '../base/json-text.ts'
import { parseJson } from '../base/json.ts'
import { createFinder } from './finder.ts'
import { type Found, type Rule, placeholderFor, replace } from './match.ts'
import { leadsTo, nameIn } from './path.ts'
import { isCredentialHeader, parameterKind } from './places.ts'
import { type FoundIn, type Tools, redactRecords } from './records.ts'
import { NO_RULES, type PatternRule, type Rules, matchesOf, placeholdersOf } from './rules.ts'
import { type Secrets, rulesFor } from './secrets.ts'

/** What is clean comes back unchanged: a text to the byte, a list as the very same object. */
export interface Redactor {
  /** Redacts a plain text. */
  text(text: string, found?: Found): string
  /** Redacts every string of a JSON text but the opaque ones (ids, encrypted content, base64). */
  json(text: string, found?: Found): string
  /** Redacts an HTTP body, which may be JSON and may be anything. */
  body(text: string, found?: Found): string
  /**
   * Redacts the records of one answer. The deltas of a part are read as one text: if a secret spans several, its
   * placeholder stands in the first and the rest of it leaves the others, so that they still add up to the `done` text.
   * Of a body that was not cut into events the records become one, unless it is clean. Bytes are left alone.
   */
  records(records: readonly AnswerRecord[], api: Pick<Api, 'partOf'>, found?: FoundIn): readonly AnswerRecord[]
  /** Redacts the parameters of a query: whole values by their names, others as texts. */
  query(pairs: Pairs, found?: Found): Pairs
  /** Redacts the headers of an answer, in the same way. */
  headers(headers: Headers, found?: Found): Headers
  /** A redactor that knows these secrets too. */
  with(secrets: Secrets): Redactor
}

type Pairs = readonly (readonly [name: string, value: string])[]

/** Makes a redactor that knows the common kinds of keys and tokens, the given secrets, and the user's own rules. */
export const createRedactor = (secrets: Secrets = {}, own: Rules = NO_RULES): Redactor =>
  redactorOf(rulesFor(secrets), own)

/** @param given the rules for secrets that are known to be such */
function redactorOf(given: readonly Rule[], own: Rules): Redactor {
  const finder = createFinder({ given, own: own.patterns.map(ruleOf), placeholders: placeholdersOf(own) })
  const members = createPathRedactor(own)

  const text = (value: string, found?: Found): string =>
    finder.mayHold(value) ? replace(value, finder.inText(value), found) : value
  const json = (value: string, found?: Found): string => {
    const rewritten = members(value, 'request', found)
    return finder.mayHold(rewritten) ? replace(rewritten, finder.inJson(rewritten), found) : rewritten
  }
  const body = (value: string, found?: Found): string =>
    parseJson(value) === undefined ? text(value, found) : json(value, found)
  const tools: Tools = { finder, members: (value, found) => members(value, 'event', found), text, body }

  const redactor: Redactor = {
    text,
    json,
    body,
    records: (records, api, found) => redactRecords(records, api, tools, found),
    query: (pairs, found) =>
      mapPairs(pairs, (name, value) => {
        const kind = parameterKind(name)
        if (kind === undefined || finder.credentials.isStandIn(value)) return [text(name, found), text(value, found)]
        found?.(kind)
        return [name, placeholderFor(kind)]
      }),
    headers: (headers, found) =>
      mapPairs(headers, (name, value) => {
        const credential = isCredentialHeader(name) ? finder.credentials.in(value) : []
        if (credential.length > 0) return [name, replace(value, credential, found)]
        const redacted = text(value, found)
        // An address may lack its host.
        return [name, redacted.startsWith('/') ? replace(redacted, finder.inAddress(redacted), found) : redacted]
      }),
    with(secrets) {
      const more = rulesFor(secrets)
      return more.length === 0 ? redactor : redactorOf([...given, ...more], own)
    },
  }
  return redactor
}

/** The very same list if nothing changes. */
function mapPairs(pairs: Pairs, change: (name: string, value: string) => readonly [string, string]): Pairs {
  const changed = pairs.map(([name, value]) => change(name, value))
  return changed.every(([name, value], index) => name === pairs[index]?.[0] && value === pairs[index]?.[1])
    ? pairs
    : changed
}

/** The rule for a user's pattern. What it looks for is not known, so no text is skipped: all hold the empty hint. */
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

/** Redacts the members at the user's paths. The `response` of an event repeats members of its request: they count, too. */
function createPathRedactor({ paths }: Rules): (json: string, of: 'request' | 'event', found?: Found) => string {
  const names = paths.map(({ path }) => nameIn(path) ?? '')
  const pick = (place: Place) => paths.find(({ path }) => leadsTo(path, place))?.placeholder
  const pickers = {
    request: pick,
    event: (place: Place) => pick(place) ?? (place[0] === 'response' ? pick(place.slice(1)) : undefined),
  }
  return (json, of, found) => {
    const mayLead = names.some((name) => json.includes(name)) || (names.length > 0 && json.includes(String.raw`\u`))
    if (!mayLead) return json
    const picked = (place: Place) => {
      const placeholder = pickers[of](place)
      return placeholder === undefined ? undefined : JSON.stringify(placeholder)
    }
    return rewriteValues(json, picked, (by) => found?.(String(parseJson(by))))
  }
}

/** What must not be shown or written, by its kind. */
export const secretsOf = ({
  apiKey,
  authToken,
}: {
  readonly apiKey: string | undefined
  readonly authToken: string | undefined
}): Secrets => ({ 'api-key': apiKey, 'auth-token': authToken })
