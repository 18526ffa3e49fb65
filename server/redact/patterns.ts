/** The patterns of the user at work: whole characters, and no more time than a limit allows. */
import { DeltatapeError } from '../base/errors.ts'
import { type Limit, NO_LIMIT, TooSlow, createLimit } from './limit.ts'
import type { Match, Rule } from './match.ts'
import { type PatternRule, matchesOf } from './expressions.ts'

export interface Patterns {
  /** They are run within the limit alone. */
  readonly rules: readonly Rule[]
  /** @throws DeltatapeError `rule_too_slow`, with the pattern that took too long */
  readonly limit: Limit
}

/** @param unknown what is not known of a text on which one takes too long */
export function createPatterns(patterns: readonly PatternRule[], unknown: string): Patterns {
  let running: PatternRule | undefined
  const ruleOf = (pattern: PatternRule): Rule => ({
    find(text) {
      running = pattern
      return matchesOf(pattern, text).map(({ index, 0: found }) =>
        wholeCharacters(text, index, index + found.length, pattern.placeholder),
      )
    },
    // What it looks for is not known, so no text is skipped: all hold the empty hint.
    hints: [''],
  })
  const limit = createLimit()
  const run: Limit['run'] = (work, chars) => {
    try {
      return limit.run(work, chars)
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error
      throw tooSlow(running, unknown, error)
    }
  }
  return { rules: patterns.map(ruleOf), limit: patterns.length > 0 ? { run } : NO_LIMIT }
}

const tooSlow = (pattern: PatternRule | undefined, unknown: string, cause: TooSlow): DeltatapeError =>
  new DeltatapeError(
    'rule_too_slow',
    `The pattern ${String(pattern?.expression)} of deltatape.config.json takes too long on this text, so ${unknown} is not known. Write it so that it cannot match one text in many ways: no repetition within another.`,
    { cause },
  )

/** A match of a user's pattern. One without the flag `u` may part a character of two units. */
function wholeCharacters(text: string, start: number, end: number, placeholder: string): Match {
  const first = isSecondHalf(text, start) ? start - 1 : start
  return { start: first, end: isSecondHalf(text, end) ? end + 1 : end, kind: placeholder, placeholder }
}

const isSecondHalf = (text: string, at: number): boolean =>
  /[\uDC00-\uDFFF]/.test(text.charAt(at)) && /[\uD800-\uDBFF]/.test(text.charAt(at - 1))
