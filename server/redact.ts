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

type Rule = (text: string) => Match[]

const pattern =
  (kind: string, expression: RegExp): Rule =>
  (text) =>
    Array.from(text.matchAll(expression), ({ index, 0: found }) => ({ start: index, end: index + found.length, kind }))

/** A token: nothing that could belong to it stands before or behind it. */
const token = (kind: string, source: string): Rule =>
  pattern(kind, new RegExp(String.raw`(?<![\w-])(?:${source})(?![\w-])`, 'g'))

/** A random part: at least `length` characters, a digit and a letter among them, so that hyphenated words are none. */
const random = (length: number) => String.raw`(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{${length},}`

const KNOWN: readonly Rule[] = [
  pattern('private-key', /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?-----END \1PRIVATE KEY-----/g),
  token('anthropic-key', `sk-ant-${random(20)}`),
  token('openai-key', `sk-${random(20)}`),
  token('github-token', String.raw`gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}`),
  token('gitlab-token', `glpat-${random(20)}`),
  token('aws-key', '(?:AKIA|ASIA)[A-Z0-9]{16}'),
  token('google-key', String.raw`AIza[\w-]{35}`),
  token('slack-token', `xox[abeoprs]-${random(10)}`),
  token('stripe-key', '[rs]k_(?:live|test)_[A-Za-z0-9]{16,}'),
  token('npm-token', 'npm_[A-Za-z0-9]{36}'),
  token('huggingface-token', 'hf_[A-Za-z0-9]{30,}'),
  token('jwt', String.raw`eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}`),
]

/** Shorter texts are no secrets, and would be found in ordinary words. */
const MIN_SECRET_CHARS = 8

/** The very text of a secret, wherever it stands. */
const verbatim =
  (kind: string, secret: string): Rule =>
  (text) => {
    const matches: Match[] = []
    for (let start = text.indexOf(secret); start !== -1; start = text.indexOf(secret, start + secret.length)) {
      matches.push({ start, end: start + secret.length, kind })
    }
    return matches
  }

const OPAQUE_NAME = /(?:^|_)(?:id|b64|b64_json|encrypted_content|file_data|obfuscation|signature|fingerprint)$/

/** Long unbroken base64, or a data URL: chance alone makes tokens in it. */
const OPAQUE_TEXT = /^(?:data:[^,]{0,200};base64,)?[A-Za-z0-9+/_-]{200,}={0,2}$/

const isOpaque = (text: string, name: string) => OPAQUE_NAME.test(name) || OPAQUE_TEXT.test(text)

/** Makes a redactor that knows the common kinds of keys and tokens, and the given secrets. */
export const createRedactor = (secrets: Secrets = {}): Redactor => redactorOf(KNOWN).with(secrets)

function redactorOf(rules: readonly Rule[]): Redactor {
  /** The secrets in a text, in order; of two that overlap the one that begins first. */
  const find = (text: string): Match[] => {
    const matches = rules.flatMap((rule) => rule(text)).toSorted((a, b) => a.start - b.start || b.end - a.end)
    let end = 0
    return matches.filter((match) => {
      if (match.start < end) return false
      end = match.end
      return true
    })
  }
  const text = (value: string): string => replace(value, 0, find(value))
  const json = (value: string): string =>
    rewriteStrings(value, (string, name) => (isOpaque(string, name) ? string : text(string)))

  return {
    text,
    json,
    with(secrets) {
      const given = Object.entries(secrets).flatMap(([kind, secret]) =>
        secret && secret.length >= MIN_SECRET_CHARS ? [verbatim(kind, secret)] : [],
      )
      return redactorOf([...given, ...rules])
    },
    body: (value) => (parseJson(value) === undefined ? text(value) : json(value)),
    events(events) {
      const deltas = new Map<ModelEvent, string>()
      for (const part of partsOf(events)) {
        const matches = find(part.map(deltaOf).join(''))
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
        const written = rewriteStrings(event.text, (string, name, depth) => {
          if (delta !== undefined && depth === 1 && name === 'delta') return delta
          return isOpaque(string, name) ? string : text(string)
        })
        return written === event.text ? event : (parseEvent(written, event.at) ?? event)
      })
    },
  }
}

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
