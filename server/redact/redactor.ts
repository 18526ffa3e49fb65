/**
 * Keys, tokens and other credentials → `[redacted:<kind>]`: before a request gets its key, and before anything is
 * written, shown or logged. A rule matches whole tokens, so that ordinary words, and parts of longer ones, stay. What a
 * rule of the user matches becomes its placeholder, in texts alone: words of a protocol are never theirs.
 */
import type { Headers } from '../api/headers.ts'
import type { AnswerRecord } from '../api/record.ts'
import { type IsWord, isCommonWord } from '../api/words.ts'
import { DeltatapeError } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { type Brought, credentialsOf } from './brought.ts'
import type { FoundIn } from './bytes.ts'
import type { Row } from './documents.ts'
import { createFinder } from './finder.ts'
import type { Leaf } from './leaves.ts'
import { type Left, type Says, leftIn } from './left.ts'
import { type Found, merged, placeholderFor, replace } from './match.ts'
import { type Own, createOwn } from './own.ts'
import { type Pairs, createPairs } from './pairs.ts'
import { redactRecords } from './records.ts'
import { NO_RULES, type Rules } from './rules.ts'
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
   * In bytes a placeholder is as long as what it stands for. What takes long is done in pieces, and lets everything else
   * go first.
   *
   * @throws DeltatapeError `rule_too_slow`
   */
  records(records: readonly AnswerRecord[], row: Row, found?: FoundIn): Promise<readonly AnswerRecord[]>
  /**
   * The secrets of which an answer that was redacted still says a piece, its deltas put together.
   *
   * @param written what {@link records} made of those that came
   */
  left(came: readonly AnswerRecord[], written: readonly AnswerRecord[], row: Says): readonly Left[]
  /** Redacts the path of a call. Its steps are ids and words of the API: the user's rules leave them alone. */
  path(path: string, found?: Found): string
  /** Redacts the parameters of a query: whole values by their names, others as texts. */
  query(pairs: Pairs, found?: Found): Pairs
  /** Redacts the headers of an answer, in the same way. */
  headers(headers: Headers, found?: Found): Headers
  /** A redactor that knows these secrets too. */
  with(secrets: Secrets): Redactor
  /** A redactor that knows the credentials too that the client of a call brought. */
  for(call: Brought): Redactor
  /** Whether expressions of the user are run: a text of any length may take some time then. */
  readonly mayTakeLong: boolean
  /** The same without the rules of the user: for what deltatape itself says. */
  readonly forSecrets: Redactor
}

/** Makes a redactor that knows the common kinds of keys and tokens, the given secrets, and the user's own rules. */
export const createRedactor = (secrets: Secrets = {}, own: Rules = NO_RULES): Redactor =>
  redactorOf(withSecrets(NO_SECRETS, secrets), createOwn(own))

const NOBODYS = createOwn(NO_RULES)

/** @param given the rules for secrets that are known to be such */
function redactorOf(given: Given, own: Own): Redactor {
  const { limit, membersIn } = own
  const finder = createFinder({ given, own: own.rules, placeholders: own.placeholders })
  const plain = own === NOBODYS ? finder : createFinder({ given, own: [], placeholders: own.placeholders })

  const inText = (value: string, found?: Found): string => {
    const matches = limit.run(() => finder.inText(value), value.length)
    return replace(value, matches, found)
  }
  const json = (value: string, found?: Found, isWord: IsWord = isCommonWord): string => {
    const members = membersIn(value, 'request')
    const leaves = finder.mayHold(value) ? limit.run(() => finder.inJson(value, isWord), value.length) : []
    return members.length + leaves.length === 0 ? value : replace(value, merged(value, [...members, ...leaves]), found)
  }
  const text = (value: string, found?: Found): string => unlessSlow(() => inText(value, found))

  /** Of a call that several ask about. */
  const madeFor = new WeakMap<Brought, Redactor>()
  const redactorFor = (call: Brought): Redactor => {
    const made = madeFor.get(call) ?? redactor.with({ 'api-key': credentialsOf(call, finder.credentials) })
    madeFor.set(call, made)
    return made
  }

  const redactor: Redactor = {
    text,
    json,
    body: (value, found) => unlessSlow(() => (parseJson(value) === undefined ? inText : json)(value, found)),
    records: (records, row, found) =>
      redactRecords(records, row, { finder, limit, membersIn: (value) => membersIn(value, 'event') }, found),
    left: (came, written, row) => leftIn(came, written, row, (said) => plain.inLeaf(textLeaf(said), isCommonWord)),
    path: (value, found) => replace(value, finder.secretsIn(value), found),
    ...createPairs(finder, { text, inText }),
    with(secrets) {
      const more = withSecrets(given, secrets)
      return sizeOf(more) === sizeOf(given) ? redactor : redactorOf(more, own)
    },
    mayTakeLong: own.rules.length > 0,
    for: redactorFor,
    get forSecrets() {
      return own === NOBODYS ? redactor : redactorOf(given, NOBODYS)
    },
  }
  return redactor
}

/** A text as it stands in an answer. */
const textLeaf = (value: string): Leaf => ({
  value,
  raw: value,
  start: 0,
  isName: false,
  place: ['text'],
  isCredential: false,
})

/** What a rule of the user takes too long for is not known to be clean: nothing of it is shown. */
function unlessSlow(redact: () => string): string {
  try {
    return redact()
  } catch (error) {
    if (error instanceof DeltatapeError && error.code === 'rule_too_slow') return placeholderFor('unread')
    throw error
  }
}

const sizeOf = ({ anywhere, alone, words }: Given): number => anywhere.length + alone.length + words.length

/** What must not be shown or written, by its kind. */
export const secretsOf = ({
  apiKey,
  authToken,
  keys = {},
}: {
  readonly apiKey: string | undefined
  readonly authToken: string | undefined
  /** The keys for further APIs, by their variables. */
  readonly keys?: Readonly<Record<string, string>>
}): Secrets => ({
  'api-key': [...(apiKey === undefined ? [] : [apiKey]), ...Object.values(keys)],
  'auth-token': authToken,
})
