/** The user's own rules at work: their patterns, with a limit of time, and their paths. */
import { type Place, replacementsIn } from '../base/json-text.ts'
import { DeltatapeError } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { type Limit, NO_LIMIT, TooSlow, createLimit } from './limit.ts'
import type { Match, Rule } from './match.ts'
import { follow, nameIn } from './path.ts'
import { type PathRule, type PatternRule, type Rules, matchesOf, placeholdersOf } from './rules.ts'

/** The user's rules, ready to be run. */
export interface Own {
  /** Their patterns. They are run within the limit alone. */
  readonly rules: readonly Rule[]
  /** @throws DeltatapeError `rule_too_slow`, with the pattern that took too long */
  readonly limit: Limit
  /** The members of a JSON text at their paths. */
  membersIn(json: string, of: 'request' | 'event'): Match[]
  /** What they put in places. */
  readonly placeholders: readonly string[]
}

export function createOwn(rules: Rules): Own {
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
      throw tooSlow(running, error)
    }
  }
  return {
    rules: rules.patterns.map(ruleOf),
    limit: rules.patterns.length > 0 ? { run } : NO_LIMIT,
    membersIn: createPathRules(rules.paths),
    placeholders: placeholdersOf(rules),
  }
}

const tooSlow = (pattern: PatternRule | undefined, cause: TooSlow): DeltatapeError =>
  new DeltatapeError(
    'rule_too_slow',
    `The pattern ${String(pattern?.expression)} of deltatape.config.json takes too long on this text, so what it would redact is not known. Write it so that it cannot match one text in many ways: no repetition within another.`,
    { cause },
  )

/** A match of a user's pattern. One without the flag `u` may part a character of two units. */
function wholeCharacters(text: string, start: number, end: number, placeholder: string): Match {
  const first = isSecondHalf(text, start) ? start - 1 : start
  return { start: first, end: isSecondHalf(text, end) ? end + 1 : end, kind: placeholder, placeholder }
}

const isSecondHalf = (text: string, at: number): boolean =>
  /[\uDC00-\uDFFF]/.test(text.charAt(at)) && /[\uD800-\uDBFF]/.test(text.charAt(at - 1))

/** Finds the members at the user's paths. The `response` of an event repeats members of its request: they count, too. */
function createPathRules(paths: readonly PathRule[]): (json: string, of: 'request' | 'event') => Match[] {
  const names = paths.map(({ path }) => nameIn(path) ?? '')
  return (json, of) => {
    const mayLead = names.some((name) => json.includes(name)) || (names.length > 0 && json.includes(String.raw`\u`))
    if (!mayLead) return []
    const ways = paths.map(({ path, placeholder }) => ({ leads: follow(path), repeats: follow(path, 1), placeholder }))
    const picked = (place: Place): string | undefined => {
      // Every path is followed, whether another one was found or not.
      const found = ways.filter(({ leads, repeats }) => {
        const [here, there] = [leads(place), repeats(place) && place[0] === 'response' && of === 'event']
        return here || there
      })
      const [first] = found
      return first && JSON.stringify(first.placeholder)
    }
    return replacementsIn(json, picked).map(({ start, end, by }) => ({
      start,
      end,
      kind: String(parseJson(by)),
      placeholder: by,
    }))
  }
}
