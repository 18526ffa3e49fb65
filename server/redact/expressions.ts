/** The regular expressions of the user, and how it is told what is wrong with what the user wrote. */
import { z } from 'zod'

/** Each text that matches becomes the placeholder. */
export interface PatternRule {
  /** Has the flag `g`; does not match the empty text. */
  readonly expression: RegExp
  readonly placeholder: string
}

/** The matches of a rule in a text, without empty ones. */
export const matchesOf = ({ expression }: PatternRule, text: string): RegExpExecArray[] =>
  [...text.matchAll(expression)].filter(([found]) => found !== '')

/** Tells a problem of the file of rules: the place in it, and what is wrong there. */
export type Report = (place: string, why: string) => void

/** How a rule has an expression and its flags. */
export const PATTERN = z.string('must be a regular expression, as a text')

export const FLAGS = z
  .string('must be a text')
  .regex(/^[imsu]*$/, 'may hold i, m, s and u')
  .optional()

/** An expression that can match the empty text does so in one of these. */
const PROBES = ['', 'a', ' ', 'A1_ -.@\n']

/**
 * An expression that finds all matches of a pattern; undefined, and a report, if it is none.
 *
 * @param everything what would become of all texts if it matched the empty one
 */
export function readExpression(
  { pattern, flags = '' }: { readonly pattern: string; readonly flags?: string | undefined },
  { place, report, everything }: { readonly place: string; readonly report: Report; readonly everything: string },
): RegExp | undefined {
  const expression = compile(pattern, flags)
  if (typeof expression === 'string') {
    report(place, `is no regular expression: ${expression}`)
    return undefined
  }
  if (PROBES.some((probe) => [...probe.matchAll(expression)].some(([found]) => found === ''))) {
    report(place, `matches the empty text, so that ${everything}`)
    return undefined
  }
  return expression
}

/** An expression, or why the pattern is not one. */
function compile(pattern: string, flags: string): RegExp | string {
  try {
    return new RegExp(pattern, `${flags}g`)
  } catch (error) {
    if (error instanceof SyntaxError) return error.message
    throw error
  }
}

/** What zod found, in the words of a report. */
interface Issue {
  readonly code?: string
  readonly message: string
  readonly path: readonly PropertyKey[]
  readonly keys?: readonly string[]
}

/** Reports what zod found in the value at a place. */
export function reportIssues(issues: readonly Issue[], place: string, report: Report): void {
  for (const issue of issues) {
    if (!issue.keys) report(placeOf(place, issue.path), wordsOf(issue))
    else for (const key of issue.keys) report(placeOf(place, [...issue.path, key]), UNKNOWN_MEMBER)
  }
}

export const UNKNOWN_MEMBER = 'is no member that is known here'

export const MISSING = 'is missing, or of another kind'

const placeOf = (from: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (place, key) =>
      typeof key === 'number' ? `${place}[${key}]` : place === '' ? String(key) : `${place}.${String(key)}`,
    from,
  )

const wordsOf = ({ code, message }: Issue): string =>
  code === 'invalid_type' && message.startsWith('Invalid input') ? MISSING : message
