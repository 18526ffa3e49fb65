/** Secrets whose text is known: those of the configuration, and the key that a client brought. */
import { type Match, type Rule, secretAt } from './match.ts'

/** The texts of secrets by their kind. One that is not set is none. */
export type Secrets = Readonly<Record<string, string | undefined>>

/** From this length on a secret is found wherever it stands. */
const LONG_SECRET_CHARS = 8

/**
 * A shorter secret counts if it stands alone and does not look like a word: a key that is `test` must not empty every
 * text.
 */
const SHORT_SECRET = /^(?=.*[^A-Za-z]).{4,}$/

/** Characters that JSON may write in another way. */
const ESCAPABLE = /[^ -~]|["\\/]/

/** The rules that find these secrets. */
export const rulesFor = (secrets: Secrets): Rule[] =>
  Object.entries(secrets).flatMap(([kind, secret]) => (secret ? verbatim(kind, secret) : []))

/** Finds the very text of a secret, and the text that JSON has for it: what was cut is searched without being decoded. */
function verbatim(kind: string, secret: string): Rule[] {
  const alone = secret.length < LONG_SECRET_CHARS
  if (alone && !SHORT_SECRET.test(secret)) return []
  const forms = [...new Set([secret, JSON.stringify(secret).slice(1, -1)])]
  return [
    {
      find: (text) => forms.flatMap((form) => occurrences(text, form, kind, alone)),
      // What is left between the characters that may be escaped stands in every JSON text that holds the secret.
      hints: [
        secret.split(ESCAPABLE).reduce((longest, piece) => (piece.length > longest.length ? piece : longest), ''),
      ],
    },
  ]
}

function occurrences(text: string, form: string, kind: string, alone: boolean): Match[] {
  const matches: Match[] = []
  for (let start = text.indexOf(form); start !== -1; start = text.indexOf(form, start + form.length)) {
    const end = start + form.length
    if (!alone || !(isPartOfWord(text[start - 1]) || isPartOfWord(text[end]))) matches.push(secretAt(start, end, kind))
  }
  return matches
}

const isPartOfWord = (character = ' '): boolean => /[\w-]/.test(character)
