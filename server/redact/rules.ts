/** The user's own rules of redaction, and the file that holds them and those of `match`. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import {
  FLAGS,
  MISSING,
  PATTERN,
  type PatternRule,
  type Report,
  UNKNOWN_MEMBER,
  matchesOf,
  readExpression,
  reportIssues,
} from './expressions.ts'
import { type MatchRules, readMatchRules } from './match-rules.ts'
import { PATH_FORMS, type Path, parsePath } from './path.ts'

/** Each member at the path becomes the placeholder, whatever its value is. */
export interface PathRule {
  readonly path: Path
  readonly placeholder: string
}

export interface Rules {
  readonly patterns: readonly PatternRule[]
  readonly paths: readonly PathRule[]
  /** What counts of a request; undefined if nothing is said of it. */
  readonly match?: MatchRules | undefined
}

export const NO_RULES: Rules = { patterns: [], paths: [] }

/** What the rules put in place of what they find. */
export const placeholdersOf = ({ patterns, paths }: Rules): string[] =>
  [...patterns, ...paths].map(({ placeholder: by }) => by)

/** The file that is read if none is configured. */
export const DEFAULT_FILE = 'deltatape.config.json'

const placeholder = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(100, 'must be at most 100 characters long')
  .refine((text) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text), 'must be one line of text')

const ruleSchema = z.strictObject({
  pattern: PATTERN.optional(),
  flags: FLAGS,
  path: z.string(`must be a path: ${PATH_FORMS}`).optional(),
  placeholder,
})

type WrittenRule = z.infer<typeof ruleSchema>

/**
 * Reads the text of a file of rules.
 *
 * @param file its name, for the message
 * @throws DeltatapeError `config_invalid`: a line for each problem, with the file, the place in it, and what is wrong
 */
export function parseRules(text: string, file: string): Rules {
  const problems: string[] = []
  const report: Report = (place, why) =>
    void problems.push(`${file}: ${place === '' ? 'it' : place} ${why.replace(/\.?$/, '.')}`)
  const value = parseFile(text, file)
  const rules = isObject(value) ? readMembers(value, report) : void report('', MISSING)
  if (!rules || problems.length > 0) throw new DeltatapeError('config_invalid', problems.join('\n'))
  return rules
}

function readMembers(value: Readonly<Record<string, unknown>>, report: Report): Rules {
  const { redact, match, ...others } = value
  // A file that says nothing is no file of rules.
  if (!Array.isArray(redact) && (redact !== undefined || match === undefined))
    report('redact', 'must be a list of rules')
  const rules = readRedaction(Array.isArray(redact) ? redact : [], report)
  const matching = match === undefined ? undefined : readMatchRules(match, report)
  for (const name of Object.keys(others)) report(name, UNKNOWN_MEMBER)
  return { ...rules, ...(matching && { match: matching }) }
}

function readRedaction(list: readonly unknown[], report: Report): Rules {
  const patterns: PatternRule[] = []
  const paths: PathRule[] = []
  const written: WrittenRule[] = []
  for (const [index, item] of list.entries()) {
    const { data, error } = ruleSchema.safeParse(item)
    reportIssues(error?.issues ?? [], `redact[${index}]`, report)
    if (!data) continue
    const rule = readRule(data, `redact[${index}]`, report)
    if (rule && 'path' in rule) paths.push(rule)
    else if (rule) patterns.push(rule)
    written[index] = data
  }
  for (const [index, rule] of written.entries()) {
    const again = patterns.find(
      (each) =>
        rule !== undefined &&
        matchesOf(each, rule.placeholder).some(([found]) => found !== rule.placeholder || each.placeholder !== found),
    )
    if (again) {
      report(
        `redact[${index}].placeholder`,
        `is matched by the pattern ${String(again.expression)}, so that it would be redacted again and again`,
      )
    }
  }
  return { patterns, paths }
}

function readRule(rule: WrittenRule, place: string, report: Report): PatternRule | PathRule | undefined {
  const { pattern, flags, path: way, placeholder: by } = rule
  if ((pattern === undefined) === (way === undefined)) return void report(place, 'must have either a pattern or a path')
  if (pattern !== undefined) {
    const everything = 'everything would be redacted'
    const expression = readExpression({ pattern, flags }, { place: `${place}.pattern`, report, everything })
    return expression && { expression, placeholder: by }
  }
  if (flags !== undefined) report(`${place}.flags`, 'belongs to a pattern')
  const path = parsePath(way ?? '')
  if (!path) report(`${place}.path`, `must be a path such as ${PATH_FORMS} (got ${JSON.stringify(way)})`)
  return path && { path, placeholder: by }
}

function parseFile(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new DeltatapeError('config_invalid', `${file}: it is no JSON: ${cause.message}. Correct it there.`, { cause })
  }
}

/**
 * Reads a file of rules: the given one, or else {@link DEFAULT_FILE} if that exists.
 *
 * @throws DeltatapeError `config_invalid` if the file cannot be read, or is not as it has to be
 */
export function readRules(file: string | undefined): Rules {
  const name = file ?? DEFAULT_FILE
  let text: string
  try {
    text = readFileSync(name, 'utf8')
  } catch (cause) {
    const why = systemCode(cause)
    if (why === undefined) throw cause
    if (file === undefined && why === 'ENOENT') return NO_RULES
    throw new DeltatapeError(
      'config_invalid',
      `CONFIG_FILE: ${JSON.stringify(name)} cannot be read: ${why}. Name a file that is there, or leave CONFIG_FILE out.`,
      {
        cause,
      },
    )
  }
  // Editors of Windows put a byte order mark there.
  return parseRules(text.replace(/^\uFEFF/, ''), name)
}
