/**
 * Keys and tokens → `[redacted:<kind>]`, before a request gets its key and before anything is written, shown or
 * logged. A rule matches whole tokens, so that ordinary words, and parts of longer ones, stay.
 */
import { parseJson, rewriteStrings, rewriteValues } from './json.ts'
import { parseEvent, partOf, type ModelEvent } from './model/model.ts'
import { leadsTo, nameIn, type Place } from './path.ts'
import { NO_RULES, matchesOf, type PatternRule, type Rules } from './rules.ts'

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

interface Match {
  readonly start: number
  readonly end: number
  readonly kind: string
  readonly placeholder: string
}

const placeholderFor = (kind: string) => `[redacted:${kind}]`

interface Rule {
  find(text: string): Match[]
  /** A text that holds none of these cannot hold a match. */
  readonly hints: readonly string[]
}

/** Where the expression has a group `secret`, it is that which is redacted; it stands at the end. */
const pattern = (
  kind: string,
  hints: readonly string[],
  expression: RegExp,
  counts: (match: RegExpExecArray) => boolean = () => true,
): Rule => ({
  find: (text) =>
    Array.from(text.matchAll(expression))
      .filter(counts)
      .map(({ index, 0: whole, groups }) => {
        const end = index + whole.length
        return { start: end - (groups?.secret ?? whole).length, end, kind, placeholder: placeholderFor(kind) }
      }),
  hints,
})

/** A token: nothing that could belong to it stands before or behind it. */
const token = (kind: string, hints: readonly string[], source: string): Rule =>
  pattern(kind, hints, new RegExp(String.raw`(?<![\w-])(?:${source})(?![\w-])`, 'g'))

/** A token that nobody takes for a word, by its prefix: it may stand behind anything but a letter, and before anything. */
const prefixed = (kind: string, hints: readonly string[], source: string): Rule =>
  pattern(kind, hints, new RegExp(`(?<![A-Za-z])(?:${source})`, 'g'))

/**
 * A random part: at least `length` characters, a digit and a letter among the first of them, so that hyphenated words
 * are none. How far it looks is bounded, or a text of beginnings would take quadratic time.
 */
const random = (length: number) => String.raw`(?=[\w-]{0,100}\d)(?=[\w-]{0,100}[A-Za-z])[\w-]{${length},}`

/** What documentation has where a password belongs: a variable, or one character again and again. */
const STAND_IN = /\{[^}]{1,50}\}|%[A-Z_]{1,30}%|\$[A-Z_]{1,30}|\$\([^)]{1,50}\)|^(.)\1{3,}$/

const PASSWORD_WORD = /^(?:password|mypassword|your_password|secret|pass|user|username|root|admin)$/i

/** Whether the login of a database is meant as one: not as an example. */
const isDatabaseLogin = ({ groups: { user, password = '' } = {} }: RegExpExecArray): boolean =>
  password.length >= 4 && password !== user && !STAND_IN.test(password) && !PASSWORD_WORD.test(password)

/** The same for a page. */
const isWebLogin = ({ groups: { password = '' } = {} }: RegExpExecArray): boolean =>
  !STAND_IN.test(password) && !/password/i.test(password)

/** It covers what secretlint's recommended rules find, and some more: a test holds them together. */
const KNOWN: readonly Rule[] = [
  pattern(
    'private-key',
    ['PRIVATE KEY'],
    // It stops at the next beginning: the search would be quadratic in their number otherwise. One that was cut off
    // counts as far as it goes.
    /-----BEGIN ?[A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?:(?!-----BEGIN )[\s\S])*?-----END ?[A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]{64,})/g,
  ),
  prefixed('anthropic-key', ['sk-ant-'], `sk-ant-${random(20)}`),
  token('openai-key', ['sk-'], `sk-${random(20)}`),
  pattern('openai-key', ['T3BlbkFJ'], /sk-[\w-]{20,200}T3BlbkFJ[\w-]{20,200}/g),
  prefixed(
    'github-token',
    ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    String.raw`ghs_\d{1,20}_[\w-]{1,1000}\.[\w-]{1,10000}\.[\w-]{1,1000}|gh[pousr]_(?:[A-Za-z0-9]{36,}|\w{36}(?!\w))|github_pat_\w{22,}`,
  ),
  pattern('github-token', ['x-oauth-basic'], /[^\s/:]{0,256}:x-oauth-basic(?=@github.com\/)/g),
  prefixed('gitlab-token', ['gl'], String.raw`gl(?:pat|dt|rt|ptt)-[\w-]{20,}(?:\.[\w-]{2,}){0,2}`),
  token('aws-key', ['AKIA', 'ASIA'], '(?:AKIA|ASIA)[A-Z0-9]{16}'),
  pattern(
    'aws-secret',
    ['secret', 'Secret', 'SECRET'],
    /secret[_-]?access[_-]?key[\\"']{0,4}\s{0,20}(?::|=>|=)\s{0,20}[\\"']{0,4}(?<secret>[A-Za-z0-9/+=]{40,})/gi,
  ),
  token('google-key', ['AIza'], String.raw`AIza[\w-]{35}`),
  pattern(
    'slack-token',
    ['xox', 'xapp-'],
    new RegExp(String.raw`\b(?:xox[abeoprs]|xapp)-(?:[A-Za-z0-9]+-[A-Za-z0-9-]+|${random(10)})`, 'g'),
  ),
  pattern('slack-webhook', ['://'], /https:\/\/hooks\.slack\.com\/services\/T\w+\/B\w+\/\w+/gi),
  prefixed('stripe-key', ['_live_', '_test_'], '[rs]k_(?:live|test)_[A-Za-z0-9]{16,}'),
  prefixed('npm-token', ['npm_'], String.raw`npm_\w{36}(?!\w)`),
  pattern('npm-token', ['_authToken='], /_authToken=(?=[^$])[\\"']{0,3}[^\s"'\\,;]*/g),
  prefixed('huggingface-token', ['hf_'], 'hf_[A-Za-z0-9]{30,}'),
  prefixed('sendgrid-key', ['SG.'], String.raw`SG\.(?=[\w.-]{60})[\w-]{1,128}\.[\w-]+`),
  prefixed('shopify-token', ['shp'], 'shp(?:pa|ca|at|ss)_[A-Za-z0-9]{32,}'),
  prefixed('grafana-token', ['glc_', 'glsa_'], 'glc_[A-Za-z0-9+/]{32,}={0,2}|glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}'),
  prefixed('groq-key', ['gsk_'], 'gsk_[A-Za-z0-9]{52,}'),
  prefixed('linear-key', ['lin_'], String.raw`lin_(?:api|oauth)_\w{32,}`),
  prefixed('notion-token', ['ntn_'], String.raw`ntn_\d{11}[A-Za-z0-9]{35,}`),
  prefixed('1password-token', ['ops_ey'], 'ops_ey[A-Za-z0-9+/=]{100,}'),
  prefixed('hashicorp-vault-token', ['hvs.', 'hvb.', 'hvr.'], String.raw`hv[sbr]\.[\w-]{24,}`),
  prefixed('vercel-token', ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'], 'vc[piark]_[A-Za-z0-9]{20,}'),
  prefixed('databricks-token', ['dapi'], 'dapi[A-Fa-f0-9]{32,}(?:-[0-9])?'),
  prefixed('docker-token', ['dckr_pat_'], String.raw`dckr_pat_[\w-]{27,}`),
  prefixed('figma-token', ['figd_'], String.raw`figd_[\w-]{40,}`),
  prefixed('cloudflare-token', ['cfk_', 'cfut_', 'cfat_'], '(?:cfk|cfut|cfat)_[A-Za-z0-9]{48,}'),
  prefixed('tailscale-key', ['tskey-'], String.raw`tskey-[a-z]{2,20}-\w{8,40}-\w{16,}`),
  prefixed('digitalocean-token', ['_v1_'], 'do[opr]_v1_[a-f0-9]{64}'),
  prefixed('pypi-token', ['pypi-'], String.raw`pypi-AgE[\w-]{50,}`),
  prefixed('replicate-token', ['r8_'], 'r8_[A-Za-z0-9]{37,}'),
  prefixed('perplexity-key', ['pplx-'], 'pplx-[A-Za-z0-9]{40,}'),
  prefixed('xai-key', ['xai-'], 'xai-[A-Za-z0-9]{40,}'),
  prefixed('age-key', ['AGE-SECRET-KEY-1'], 'AGE-SECRET-KEY-1[A-Z0-9]{58}'),
  token('telegram-token', [':AA'], String.raw`\d{8,10}:AA[\w-]{33}`),
  pattern(
    'azure-key',
    ['AccountKey=', 'AccessKey='],
    /(?:Account|SharedAccess)Key=(?<secret>[A-Za-z0-9+/]{40,}={0,2})/g,
  ),
  pattern(
    'bearer-token',
    ['earer', 'EARER'],
    /\bauthorization[\\"']{0,4}\s{0,20}[:=]\s{0,20}[\\"']{0,4}bearer\s{1,20}(?<secret>(?=[\w.~+/-]{0,100}\d)[\w.~+/-]{20,}={0,2})/gi,
  ),
  pattern(
    'database-connection-string',
    ['://'],
    /(?:jdbc:)?(?:mongodb(?:\+srv)?|mysqlx?|postgres(?:ql)?):\/\/(?<user>[^:/\s]{1,100}):(?<password>[^@/\s]{1,200})@[^\s"'`<>]*/gi,
    isDatabaseLogin,
  ),
  pattern(
    'basic-auth',
    ['://'],
    /(?<=(?:https?|ftps?):\/\/)(?<user>[^\s:@/?#"'<>\\[\]]{2,256}):(?<password>[^\s:@/?#"'<>\\[\]]{4,256})(?=@)/g,
    isWebLogin,
  ),
  token('jwt', ['eyJ'], String.raw`eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}`),
]

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
