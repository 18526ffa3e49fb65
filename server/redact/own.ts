/** The user's own rules at work: their patterns, with a limit of time, and their paths. */
import { type Place, replacementsIn } from '../base/json-text.ts'
import { parseJson } from '../base/json.ts'
import type { Match } from './match.ts'
import { follow, nameIn } from './path.ts'
import { type Patterns, createPatterns } from './patterns.ts'
import { type PathRule, type Rules, placeholdersOf } from './rules.ts'

/** The user's rules, ready to be run. */
export interface Own extends Patterns {
  /** The members of a JSON text at their paths. */
  membersIn(json: string, of: 'request' | 'event'): Match[]
  /** What they put in places. */
  readonly placeholders: readonly string[]
}

export function createOwn(rules: Rules): Own {
  return {
    ...createPatterns(rules.patterns, 'what it would redact'),
    membersIn: createPathRules(rules.paths),
    placeholders: placeholdersOf(rules),
  }
}

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
