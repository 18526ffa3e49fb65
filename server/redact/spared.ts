/** The user's patterns that match words of a protocol: those stay, and whoever wrote the pattern is told. */
import { vocabulary } from '../api/index.ts'
import { createLimit, TooSlow } from './limit.ts'
import { type PatternRule, matchesOf } from './expressions.ts'

/**
 * What is to be told of each pattern that matches a word of an API, such as `response.output_text.delta` or `assistant`:
 * a line for each, with the first such word.
 */
export function sparedBy(patterns: readonly PatternRule[]): string[] {
  const limit = createLimit()
  return patterns.flatMap((pattern) => {
    const word = firstMatched(pattern, (work) => limit.run(work, 0))
    return word === undefined
      ? []
      : `The pattern ${String(pattern.expression)} also matches words of the APIs, such as ${JSON.stringify(word)}: they stay. It counts in texts alone.`
  })
}

function firstMatched(pattern: PatternRule, limited: <T>(work: () => T) => T): string | undefined {
  try {
    return limited(() => vocabulary.find((word) => matchesOf(pattern, word).length > 0))
  } catch (error) {
    // A pattern that is slow on words is told when it is on a text.
    if (error instanceof TooSlow) return undefined
    throw error
  }
}
