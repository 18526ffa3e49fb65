/** Secrets whose text is known: those of the configuration, and the key that a client brought. */
import { type Match, type Rule, secretAt } from './match.ts'

/** The texts of secrets by their kind. One that is not set is none. */
export type Secrets = Readonly<Record<string, string | readonly string[] | undefined>>

/** The rules for given secrets, by where they count. */
export interface Given {
  /** Found wherever they stand. */
  readonly anywhere: readonly Rule[]
  /** Short ones: found in texts, if they stand alone. */
  readonly alone: readonly Rule[]
  /** Plain words, such as the `placeholder` that local models are given: found where a credential stands. */
  readonly words: readonly Rule[]
}

export const NO_SECRETS: Given = { anywhere: [], alone: [], words: [] }

/** From this length on a secret is found wherever it stands. */
const LONG_SECRET_CHARS = 8

/** From this length on words are a passphrase. */
const PASSPHRASE_CHARS = 20

/** No word of a language or of a protocol is longer. */
const LONGEST_WORD = 16

/** A word in any of the usual ways to write one; `aBc` is none. */
const WORD = /^(?:[a-z]+|[A-Z]+|[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,})*)$/

/**
 * Whether a secret is a word or a number that texts and protocols hold, too: `anything`, `not-needed`, `completed`. It
 * must not empty every text, and the key of a request must not depend on it.
 */
export function isPlainWord(secret: string): boolean {
  if (/^\d+$/.test(secret)) return secret.length < LONGEST_WORD
  if (secret.length >= PASSPHRASE_CHARS) return false
  return secret.split(/[-_.:/ ]+/).every((piece) => piece.length <= LONGEST_WORD && (piece === '' || WORD.test(piece)))
}

/** The rules that find these secrets, after those that are there. */
export function withSecrets(before: Given, secrets: Secrets): Given {
  const { anywhere, alone, words } = {
    anywhere: [...before.anywhere],
    alone: [...before.alone],
    words: [...before.words],
  }
  for (const [kind, secret] of Object.entries(secrets).flatMap(eachOf)) {
    if (secret === '') continue
    if (isPlainWord(secret)) words.push(verbatim(kind, [secret], isAlone))
    else if (secret.length < LONG_SECRET_CHARS) alone.push(verbatim(kind, [secret], isAlone))
    else anywhere.push(verbatim(kind, formsOf(secret)), begunAtEnd(kind, secret), ...inBase64(kind, secret))
  }
  return anywhere.length + alone.length + words.length === 0 ? NO_SECRETS : { anywhere, alone, words }
}

const eachOf = ([kind, value = []]: readonly [string, Secrets[string]]): [kind: string, secret: string][] =>
  (typeof value === 'string' ? [value] : value).map((secret) => [kind, secret])

/** The very text of a secret, and the text that JSON has for it: what was cut is searched without being decoded. */
const formsOf = (secret: string): string[] => [...new Set([secret, JSON.stringify(secret).slice(1, -1)])]

/** Characters that JSON may write in another way. */
const ESCAPABLE = /[^ -~]|["\\/]/

function verbatim(
  kind: string,
  forms: readonly string[],
  counts: (text: string, start: number, end: number) => boolean = () => true,
): Rule {
  const [plain = ''] = forms
  return {
    find: (text) =>
      forms.flatMap((form) =>
        occurrences(text, form)
          .map((start) => [start, start + form.length] as const)
          .filter(([start, end]) => counts(text, start, end))
          .map(([start, end]) => secretAt(start, end, kind)),
      ),
    hints: [hintOf(plain)],
  }
}

/** What is left between the characters that may be escaped: it stands in every JSON text that holds the text. */
const hintOf = (text: string): string =>
  text.split(ESCAPABLE).reduce((longest, piece) => (piece.length > longest.length ? piece : longest), '')

/** So much of a secret is as good as all of it, and no chance; at least half of it. */
const TELLING_CHARS = 12

/** Finds a secret whose rest is missing where a text ends: an answer was cut, or the model had no token left. */
function begunAtEnd(kind: string, secret: string): Rule {
  const least = Math.max(TELLING_CHARS, Math.ceil(secret.length / 2))
  return {
    find(text) {
      for (let length = Math.min(secret.length - 1, text.length); length >= least; length--) {
        if (text.endsWith(secret.slice(0, length))) return [secretAt(text.length - length, text.length, kind)]
      }
      return []
    },
    hints: [hintOf(secret.slice(0, least))],
  }
}

/**
 * Finds base64 that holds a secret, whatever stands before and after it: where it begins within a group of three bytes,
 * its first and last character depend on them, and are taken along.
 */
function inBase64(kind: string, secret: string): Rule[] {
  const bytes = Buffer.from(secret)
  const cores = [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
    const core = encoded.slice(Math.ceil((8 * before) / 6), Math.floor((8 * (before + bytes.length)) / 6))
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')]
  })
  return [...new Set(cores)].map((core) => ({
    find: (text) => occurrences(text, core).map((start): Match => widened(text, start, start + core.length, kind)),
    hints: [core],
  }))
}

const BASE64 = /[A-Za-z0-9+/_-]/

function widened(text: string, start: number, end: number, kind: string): Match {
  const first = BASE64.test(text[start - 1] ?? '') ? start - 1 : start
  let last = BASE64.test(text[end] ?? '') ? end + 1 : end
  while (text[last] === '=') last++
  return secretAt(first, last, kind)
}

function occurrences(text: string, form: string): number[] {
  const starts: number[] = []
  for (let start = text.indexOf(form); start !== -1; start = text.indexOf(form, start + form.length)) starts.push(start)
  return starts
}

const isAlone = (text: string, start: number, end: number): boolean =>
  !(isPartOfWord(text[start - 1]) || isPartOfWord(text[end]))

const isPartOfWord = (character = ' '): boolean => /[\w-]/.test(character)
