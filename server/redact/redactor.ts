/**
 * Keys, tokens and other credentials → `[redacted:<kind>]`: before a request gets its key, and before anything is
 * written, shown or logged. A rule matches whole tokens, so that ordinary words, and parts of longer ones, stay. What a
 * rule of the user matches becomes its placeholder, in texts alone: words of a protocol are never theirs.
 */
import type { Headers } from '../api/headers.ts'
import type { AnswerRecord } from '../api/record.ts'
import { type IsWord, isCommonWord } from '../api/words.ts'
import { type Place, replacementsIn } from '../base/json-text.ts'
import { parseJson } from '../base/json.ts'
import { DeltatapeError } from '../base/errors.ts'
import type { Row } from './documents.ts'
import { type Brought, credentialsOf } from './brought.ts'
import { createFinder } from './finder.ts'
import { type Limit, NO_LIMIT, TooSlow, createLimit } from './limit.ts'
import { type Found, type Match, type Rule, merged, placeholderFor, replace } from './match.ts'
import { follow, nameIn } from './path.ts'
import { isCredentialHeader, isWordHeader, parameterKind } from './places.ts'
import { type FoundIn, redactRecords } from './records.ts'
import { NO_RULES, type PathRule, type PatternRule, type Rules, matchesOf, placeholdersOf } from './rules.ts'
import { type Given, NO_SECRETS, type Secrets, withSecrets } from './secrets.ts'

/** What is clean comes back unchanged: a text to the byte, a list as the very same object. */
export interface Redactor {
  /** Redacts a plain text. One on which a rule of the user takes too long is redacted as a whole. */
  text(text: string, found?: Found): string
  /**
   * Redacts every string of a JSON text but the opaque ones (ids, encrypted content, base64).
   *
   * @param isWord tells which strings the user's rules leave alone
   * @throws DeltatapeError `rule_too_slow`
   */
  json(text: string, found?: Found, isWord?: IsWord): string
  /** Redacts an HTTP body, which may be JSON and may be anything. What takes too long is redacted as a whole. */
  body(text: string, found?: Found): string
  /**
   * Redacts the records of one answer. Strings of a part that are split over records are read as one text: its
   * placeholder stands in the first and the rest of it leaves the others, so that they still add up to the `done` text.
   * Bytes are left alone. What takes long is done in pieces, and lets everything else go first.
   *
   * @throws DeltatapeError `rule_too_slow`
   */
  records(records: readonly AnswerRecord[], row: Row, found?: FoundIn): Promise<readonly AnswerRecord[]>
  /** Redacts the parameters of a query: whole values by their names, others as texts. */
  query(pairs: Pairs, found?: Found): Pairs
  /** Redacts the headers of an answer, in the same way. */
  headers(headers: Headers, found?: Found): Headers
  /** A redactor that knows these secrets too. */
  with(secrets: Secrets): Redactor
  /** A redactor that knows the credentials too that the client of a call brought. */
  for(call: Brought): Redactor
  /** The same without the rules of the user: for what deltatape itself says. */
  readonly forSecrets: Redactor
}

type Pairs = readonly (readonly [name: string, value: string])[]

/** Makes a redactor that knows the common kinds of keys and tokens, the given secrets, and the user's own rules. */
export const createRedactor = (secrets: Secrets = {}, own: Rules = NO_RULES): Redactor =>
  redactorOf(withSecrets(NO_SECRETS, secrets), own, own.patterns.length > 0 ? createLimit() : NO_LIMIT)

/** @param given the rules for secrets that are known to be such */
function redactorOf(given: Given, own: Rules, limit: Limit): Redactor {
  const running = createRunning(own.patterns)
  const finder = createFinder({ given, own: running.rules, placeholders: placeholdersOf(own) })
  const membersOf = createPathRules(own.paths)

  /** Redacts with the rules of the user, or tells which of them takes too long. */
  const run = <T>(work: () => T, chars: number): T => {
    try {
      return limit.run(work, chars)
    } catch (error) {
      if (error instanceof TooSlow) throw running.tooSlow(error)
      throw error
    }
  }
  const inText = (value: string, found?: Found): string =>
    replace(
      value,
      run(() => finder.inText(value), value.length),
      found,
    )
  const orNothing = (redact: () => string): string => {
    try {
      return redact()
    } catch (error) {
      if (error instanceof DeltatapeError && error.code === 'rule_too_slow') return placeholderFor('unread')
      throw error
    }
  }
  const json = (value: string, found?: Found, isWord: IsWord = isCommonWord): string => {
    const members = membersOf(value, 'request')
    const leaves = finder.mayHold(value) ? run(() => finder.inJson(value, isWord), value.length) : []
    return members.length + leaves.length === 0 ? value : replace(value, merged(value, [...members, ...leaves]), found)
  }
  const text = (value: string, found?: Found): string => orNothing(() => inText(value, found))

  const redactor: Redactor = {
    text,
    json,
    body: (value, found) => orNothing(() => (parseJson(value) === undefined ? inText : json)(value, found)),
    async records(records, row, found) {
      try {
        return await redactRecords(
          records,
          row,
          { finder, limit, membersIn: (value) => membersOf(value, 'event') },
          found,
        )
      } catch (error) {
        if (error instanceof TooSlow) throw running.tooSlow(error)
        throw error
      }
    },
    query: (pairs, found) =>
      mapPairs(pairs, (name, value) => {
        const kind = parameterKind(name)
        const clean = replace(name, finder.secretsIn(name), found)
        if (kind === undefined || finder.credentials.isStandIn(value)) return [clean, inText(value, found)]
        found?.(kind)
        return [name, placeholderFor(kind)]
      }),
    headers: (headers, found) =>
      mapPairs(headers, (name, value) => {
        const credential = isCredentialHeader(name) ? finder.credentials.in(value) : []
        if (credential.length > 0) return [name, replace(value, credential, found)]
        if (isWordHeader(name)) return [name, replace(value, finder.secretsIn(value), found)]
        const redacted = text(value, found)
        // An address may lack its host.
        return [name, redacted.startsWith('/') ? replace(redacted, finder.inAddress(redacted), found) : redacted]
      }),
    with(secrets) {
      const more = withSecrets(given, secrets)
      return sizeOf(more) === sizeOf(given) ? redactor : redactorOf(more, own, limit)
    },
    for: (call) => redactor.with({ 'api-key': credentialsOf(call, finder.credentials) }),
    get forSecrets() {
      return own === NO_RULES ? redactor : redactorOf(given, NO_RULES, NO_LIMIT)
    },
  }
  return redactor
}

const sizeOf = ({ anywhere, alone, words }: Given): number => anywhere.length + alone.length + words.length

/** The very same list if nothing changes. */
function mapPairs(pairs: Pairs, change: (name: string, value: string) => readonly [string, string]): Pairs {
  const changed = pairs.map(([name, value]) => change(name, value))
  return changed.every(([name, value], index) => name === pairs[index]?.[0] && value === pairs[index]?.[1])
    ? pairs
    : changed
}

/** The rules for the user's patterns, and which of them runs. */
function createRunning(patterns: readonly PatternRule[]) {
  let current: PatternRule | undefined
  return {
    rules: patterns.map((pattern): Rule => ({
      find(text) {
        current = pattern
        return matchesOf(pattern, text).map(({ index, 0: found }) =>
          wholeCharacters(text, index, index + found.length, pattern.placeholder),
        )
      },
      // What it looks for is not known, so no text is skipped: all hold the empty hint.
      hints: [''],
    })),
    tooSlow: (cause: TooSlow): DeltatapeError =>
      new DeltatapeError(
        'rule_too_slow',
        `The pattern ${String(current?.expression)} of deltatape.config.json takes too long on this text, so what it would redact is not known. Write it so that it cannot match one text in many ways: no repetition within another.`,
        { cause },
      ),
  }
}

/** A match of a user's pattern. One without the flag `u` may part a character of two units. */
function wholeCharacters(text: string, start: number, end: number, placeholder: string): Match {
  const first = isSecondHalf(text, start) ? start - 1 : start
  return { start: first, end: isSecondHalf(text, end) ? end + 1 : end, kind: placeholder, placeholder }
}

const isSecondHalf = (text: string, at: number): boolean =>
  /[\uDC00-\uDFFF]/.test(text.charAt(at)) && /[\uD800-\uDBFF]/.test(text.charAt(at - 1))

/** Finds the members at the user's paths. The `response` of an event repeats members of its request: they count, too. */
function createPathRules(paths: readonly PathRule[]): (json: string, of: 'request' | 'event') => Match[] {
  const names = paths.map(({ path }) => nameIn(path) ?? '')
  return (json, of) => {
    const mayLead = names.some((name) => json.includes(name)) || (names.length > 0 && json.includes(String.raw`\u`))
    if (!mayLead) return []
    const ways = paths.map(({ path, placeholder }) => ({ leads: follow(path), repeats: follow(path, 1), placeholder }))
    const picked = (place: Place): string | undefined => {
      // Every path is followed, whether another one was found or not.
      const found = ways.filter(({ leads, repeats }) => {
        const [here, there] = [leads(place), repeats(place) && place[0] === 'response' && of === 'event']
        return here || there
      })
      const [first] = found
      return first && JSON.stringify(first.placeholder)
    }
    return replacementsIn(json, picked).map(({ start, end, by }) => ({
      start,
      end,
      kind: String(parseJson(by)),
      placeholder: by,
    }))
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
