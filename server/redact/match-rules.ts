/** `match` in the file of rules: what counts of a request for its key, and what does not. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isObject } from '../base/json.ts'
import {
  FLAGS,
  MISSING,
  PATTERN,
  type PatternRule,
  type Report,
  UNKNOWN_MEMBER,
  readExpression,
  reportIssues,
} from './expressions.ts'
import { PATH_FORMS, type Path, parsePath } from './path.ts'

/** Places of a machine that stand in texts, each under its word: they count as the word. */
export const PLACES = ['cwd', 'home', 'tmp'] as const

export type PlaceWord = (typeof PLACES)[number]

/** The words that may stand in `replace`. */
const WORDS = [...PLACES, 'date'] as const

export type Word = (typeof WORDS)[number]

export interface MatchRules {
  /** Each text that matches counts as the placeholder. */
  readonly replace: readonly PatternRule[]
  readonly words: ReadonlySet<Word>
  /** Members that do not count. */
  readonly ignore: readonly Path[]
  /** Lists whose order does not count. */
  readonly unordered: readonly Path[]
  /** The same of the same rules, and different of others. */
  readonly mark: string
}

const ruleSchema = z.strictObject({
  pattern: PATTERN,
  with: z
    .string('must be a text')
    .max(1000, 'must be at most 1000 characters long')
    .refine((text) => text.isWellFormed(), 'must not hold half a character'),
  flags: FLAGS,
})

const isWordOf = (value: unknown): value is Word => WORDS.some((word) => word === value)

const MARK_CHARS = 12

/** Reads the member `match`, and reports all that is wrong with it. */
export function readMatchRules(value: unknown, report: Report): MatchRules | undefined {
  if (!isObject(value)) return void report('match', MISSING)
  for (const name of Object.keys(value)) {
    if (!['replace', 'ignore', 'unordered'].includes(name)) report(`match.${name}`, UNKNOWN_MEMBER)
  }
  const words = new Set<Word>()
  const replace: PatternRule[] = []
  const forms = `a list of rules {"pattern","with"} and of the words ${WORDS.join(', ')}`
  for (const [place, item] of listAt(value, 'replace', forms, report)) {
    if (isWordOf(item)) words.add(item)
    else replace.push(...replacementOf(item, place, report))
  }
  const pathsAt = (name: string): Path[] =>
    listAt(value, name, 'a list of paths', report).flatMap(([place, item]) => {
      const path = typeof item === 'string' ? parsePath(item) : undefined
      if (!path) report(place, `must be a path such as ${PATH_FORMS} (got ${JSON.stringify(item)})`)
      return path ?? []
    })
  const [ignore, unordered] = [pathsAt('ignore'), pathsAt('unordered')]
  const mark = createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, MARK_CHARS)
  return { replace, words, ignore, unordered, mark }
}

/** The items of a list in an object, each with its place; none if there is no such member. */
function listAt(
  object: Readonly<Record<string, unknown>>,
  name: string,
  what: string,
  report: Report,
): (readonly [place: string, item: unknown])[] {
  const list = Object.hasOwn(object, name) ? object[name] : []
  if (Array.isArray(list)) return list.map((item: unknown, index) => [`match.${name}[${index}]`, item] as const)
  report(`match.${name}`, `must be ${what}`)
  return []
}

function replacementOf(item: unknown, at: string, report: Report): PatternRule[] {
  if (!isObject(item)) {
    report(at, `must be {"pattern","with"}, or one of the words ${WORDS.join(', ')} (got ${JSON.stringify(item)})`)
    return []
  }
  const { success, data, error } = ruleSchema.safeParse(item)
  reportIssues(error?.issues ?? [], at, report)
  // What can be told of the pattern is told beside what is wrong with the rest.
  const pattern = data?.pattern ?? item.pattern
  const flags = success ? data.flags : undefined
  if (typeof pattern !== 'string') return []
  const everything = 'everything would be replaced'
  const expression = readExpression({ pattern, flags }, { place: `${at}.pattern`, report, everything })
  return expression && success ? [{ expression, placeholder: data.with }] : []
}
