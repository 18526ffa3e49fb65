/**
 * Keys and tokens → `[redacted:<kind>]`, before a request gets its key and before anything is written, shown or
 * logged. A rule matches whole tokens, so that ordinary words, and parts of longer ones, stay.
 */
import { parseJson, rewriteStrings } from './json.ts'
import { parseEvent, type ModelEvent } from './model/model.ts'

/** What is clean comes back unchanged, to the byte. */
export interface Redactor {
  /** Redacts a plain text. */
  text(text: string): string
  /** Redacts every string of a JSON text but the opaque ones (ids, encrypted content, base64). */
  json(text: string): string
  /** Redacts an HTTP body, which may be JSON and may be anything. */
  body(text: string): string
  /**
   * Redacts the events of one answer. The deltas of a part are read as one text: where a secret spans several, its
   * placeholder stands in the first and the rest of it leaves the others, so that they still add up to the `done` text.
   */
  events(events: readonly ModelEvent[]): ModelEvent[]
  /** A redactor that knows these secrets too. */
  with(secrets: Secrets): Redactor
}

/** The texts of secrets by their kind. One that is not set is none. */
export type Secrets = Readonly<Record<string, string | undefined>>

interface Match {
  readonly start: number
  readonly end: number
  readonly kind: string
}

interface Rule {
  find(text: string): Match[]
  /** A text that holds none of these cannot hold a match. */
  readonly hints: readonly string[]
}

const pattern = (kind: string, hints: readonly string[], expression: RegExp): Rule => ({
  find: (text) =>
    Array.from(text.matchAll(expression), ({ index, 0: found }) => ({ start: index, end: index + found.length, kind })),
  hints,
})

/** A token: nothing that could belong to it stands before or behind it. */
const token = (kind: string, hints: readonly string[], source: string): Rule =>
  pattern(kind, hints, new RegExp(String.raw`(?<![\w-])(?:${source})(?![\w-])`, 'g'))

/** A random part: at least `length` characters, a digit and a letter among them, so that hyphenated words are none. */
const random = (length: number) => String.raw`(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{${length},}`

const KNOWN: readonly Rule[] = [
  pattern(
    'private-key',
    ['PRIVATE KEY'],
    // It stops at the next beginning: the search would be quadratic in their number otherwise.
    /-----BEGIN ([A-Z ]*)PRIVATE KEY-----(?:(?!-----BEGIN )[\s\S])*?-----END \1PRIVATE KEY-----/g,
  ),
  token('anthropic-key', ['sk-ant-'], `sk-ant-${random(20)}`),
  token('openai-key', ['sk-'], `sk-${random(20)}`),
  token('github-token', ['gh', 'github_pat_'], String.raw`gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}`),
  token('gitlab-token', ['glpat-'], `glpat-${random(20)}`),
  token('aws-key', ['AKIA', 'ASIA'], '(?:AKIA|ASIA)[A-Z0-9]{16}'),
  token('google-key', ['AIza'], String.raw`AIza[\w-]{35}`),
  token('slack-token', ['xox'], `xox[abeoprs]-${random(10)}`),
  token('stripe-key', ['_live_', '_test_'], '[rs]k_(?:live|test)_[A-Za-z0-9]{16,}'),
  token('npm-token', ['npm_'], 'npm_[A-Za-z0-9]{36}'),
  token('huggingface-token', ['hf_'], 'hf_[A-Za-z0-9]{30,}'),
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
  const isAlone = (text: string, start: number) =>
    !/[\w-]/.test(`${text[start - 1] ?? ' '}`) && !/[\w-]/.test(`${text[start + secret.length] ?? ' '}`)
  return [
    {
      find(text) {
        const matches: Match[] = []
        for (let start = text.indexOf(secret); start !== -1; start = text.indexOf(secret, start + secret.length)) {
          if (!alone || isAlone(text, start)) matches.push({ start, end: start + secret.length, kind })
        }
        return matches
      },
      hints: [secret],
    },
  ]
}

const OPAQUE_NAME = /(?:^|_)(?:id|b64|b64_json|encrypted_content|file_data|obfuscation|signature|fingerprint)$/

/** Long unbroken base64, or a data URL: chance alone makes tokens in it. */
const OPAQUE_TEXT = /^(?:data:[^,]{0,200};base64,)?[A-Za-z0-9+/_-]{200,}={0,2}$/

const isOpaque = (text: string, name: string) => OPAQUE_NAME.test(name) || OPAQUE_TEXT.test(text)

/** Makes a redactor that knows the common kinds of keys and tokens, and the given secrets. */
export const createRedactor = (secrets: Secrets = {}): Redactor => redactorOf([]).with(secrets)

/** @param given the rules for secrets that are known to be such: they count in opaque members, too */
function redactorOf(given: readonly Rule[]): Redactor {
  // Known kinds first: a key of a known kind has the same placeholder wherever it is configured.
  const rules = [...KNOWN, ...given]
  const hints = rules.flatMap((rule) => rule.hints)
  const json = (value: string): string =>
    mayHold(value, hints)
      ? rewriteStrings(value, (string, name) => redact(string, isOpaque(string, name) ? given : rules))
      : value

  const redactor: Redactor = {
    text: (value) => redact(value, rules),
    json,
    with(secrets) {
      const more = Object.entries(secrets).flatMap(([kind, secret]) => (secret ? verbatim(kind, secret) : []))
      return more.length === 0 ? redactor : redactorOf([...given, ...more])
    },
    body: (value) => (parseJson(value) === undefined ? redact(value, rules) : json(value)),
    events(events) {
      const deltas = new Map<ModelEvent, string>()
      for (const part of partsOf(events)) {
        const joined = part.map(deltaOf).join('')
        const matches = findAll(joined, isOpaque(joined, '') ? given : rules)
        if (matches.length === 0) continue
        let start = 0
        for (const event of part) {
          const delta = deltaOf(event)
          deltas.set(event, replace(delta, start, matches))
          start += delta.length
        }
      }
      return events.map((event) => {
        const delta = deltas.get(event)
        if (deltas.size === 0 && !mayHold(event.text, hints)) return event
        const whole = deltas.size > 0 ? withoutLogprobs(event.text) : event.text
        const written = rewriteStrings(whole, (string, name, depth) => {
          if (delta !== undefined && depth === 1 && name === 'delta') return delta
          return redact(string, isOpaque(string, name) ? given : rules)
        })
        return written === event.text ? event : (parseEvent(written, event.at, event.name) ?? event)
      })
    },
  }
  return redactor
}

/** The tokens and bytes of a text stand once more in its log probabilities, where no rule can find a secret. */
const withoutLogprobs = (json: string): string =>
  /"logprobs"\s*:\s*\[\s*\{/.test(json)
    ? JSON.stringify(JSON.parse(json, (name, value: unknown) => (name === 'logprobs' ? [] : value)))
    : json

/** Whether a JSON text can hold a match at all: most hold none, and are spared the search. Escapes may hide anything. */
const mayHold = (json: string, hints: readonly string[]): boolean =>
  json.includes(String.raw`\u`) || hints.some((hint) => json.includes(hint))

/** The secrets in a text, in order; of two that overlap the one that begins first. */
function findAll(text: string, rules: readonly Rule[]): Match[] {
  const found = rules
    .filter(({ hints }) => hints.some((hint) => text.includes(hint)))
    .flatMap((rule) => rule.find(text))
  let end = 0
  return found
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .filter((match) => {
      if (match.start < end) return false
      end = match.end
      return true
    })
}

const redact = (text: string, rules: readonly Rule[]): string => replace(text, 0, findAll(text, rules))

/**
 * Replaces the matches in a piece of a text that begins at `start` in the whole. A match leaves its placeholder in the
 * piece that holds its beginning.
 */
function replace(piece: string, start: number, matches: readonly Match[]): string {
  const end = start + piece.length
  let written = ''
  let at = start
  for (const match of matches) {
    if (match.end <= at || match.start >= end) continue
    written += piece.slice(at - start, Math.max(match.start, at) - start)
    if (match.start >= at) written += `[redacted:${match.kind}]`
    at = Math.min(match.end, end)
  }
  return written + piece.slice(at - start)
}

const deltaOf = ({ body }: ModelEvent): string => (typeof body.delta === 'string' ? body.delta : '')

/** The events that carry deltas, together where they belong to one part. */
function partsOf(events: readonly ModelEvent[]): Iterable<ModelEvent[]> {
  const parts = new Map<string, ModelEvent[]>()
  for (const event of events) {
    const { delta, output_index, item_id, content_index, summary_index, command_index } = event.body
    if (typeof delta !== 'string') continue
    const place = JSON.stringify([event.type, output_index ?? item_id, content_index, summary_index, command_index])
    const part = parts.get(place)
    if (part) part.push(event)
    else parts.set(place, [event])
  }
  return parts.values()
}
