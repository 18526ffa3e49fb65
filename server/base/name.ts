/** The names that clients give: one length for all that is echoed, logged or kept. */
import { z } from 'zod'

/** How many characters such a name may have. */
export const MAX_NAME_CHARS = 128

/** Whether a text has at most so many characters. Looks at no more of it than that takes. */
export const isShort = (text: string, max = MAX_NAME_CHARS): boolean =>
  text.length <= max || (text.length <= 2 * max && [...text].length <= max)

/**
 * A name that a client gives.
 *
 * @param what how it is called in the message, such as `"id"`
 */
export const nameSchema = (what: string, max = MAX_NAME_CHARS) =>
  z
    .string(`${what} must be a string`)
    .refine((name) => isShort(name, max), `${what} must have at most ${max} characters`)
    .refine((name) => name.isWellFormed(), `${what} holds a lone surrogate, which is no text`)

/** A word of a client as an error repeats it; of a long one its length alone: no rule finds half a secret. */
export const quoted = (word: string): string =>
  isShort(word) ? JSON.stringify(word) : `(a word of ${word.length} characters)`

/** A text as a log shows it: a long one is cut. It has to be redacted before. */
export const shortened = (text: string, max = MAX_NAME_CHARS): string =>
  isShort(text, max)
    ? text
    : `${Array.from(text.slice(0, 2 * max))
        .slice(0, max)
        .join('')}…`
