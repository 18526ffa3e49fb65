/** The user's own rules of redaction, and the file that holds them. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { PATH_FORMS, type Path, parsePath } from './path.ts'

/** Each text that matches becomes the placeholder. */
export interface PatternRule {
  /** Has the flag `g`; does not match the empty text. */
  readonly expression: RegExp
  readonly placeholder: string
}

/** Each member at the path becomes the placeholder, whatever its value is. */
export interface PathRule {
  readonly path: Path
  readonly placeholder: string
}

export interface Rules {
  readonly patterns: readonly PatternRule[]
  readonly paths: readonly PathRule[]
}

export const NO_RULES: Rules = { patterns: [], paths: [] }

/** What the rules put in place of what they find. */
export const placeholdersOf = ({ patterns, paths }: Rules): string[] =>
  [...patterns, ...paths].map(({ placeholder: by }) => by)

/** The file that is read if none is configured. */
export const DEFAULT_FILE = 'deltatape.config.json'

/** The matches of a rule in a text, without empty ones. */
export const matchesOf = ({ expression }: PatternRule, text: string): RegExpExecArray[] =>
  [...text.matchAll(expression)].filter(([found]) => found !== '')

const placeholder = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(100, 'must be at most 100 characters long')
  .refine((text) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text), 'must be one line of text')

const fileSchema = z.strictObject({
  redact: z.array(
    z.strictObject({
      pattern: z.string('must be a regular expression, as a text').optional(),
      flags: z
        .string('must be a text')
        .regex(/^[imsu]*$/, 'may hold i, m, s and u')
        .optional(),
      path: z.string(`must be a path: ${PATH_FORMS}`).optional(),
      placeholder,
    }),
    'must be a list of rules',
  ),
})

/** An expression that can match the empty text does so in one of these. */
const PROBES = ['', 'a', ' ', 'A1_ -.@\n']

/**
 * Reads the text of a file of rules.
 *
 * @param file its name, for the message
 * @throws DeltatapeError `config_invalid`: a line for each problem, with the file, the place in it, and what is wrong
 */
export function parseRules(text: string, file: string): Rules {
  const problems: string[] = []
  const report = (place: string, why: string) =>
    problems.push(`${file}: ${place === '' ? 'it' : place} ${why.replace(/\.?$/, '.')}`)
  const fail = () => new DeltatapeError('config_invalid', problems.join('\n'))

  const result = fileSchema.safeParse(parseFile(text, file))
  if (!result.success) {
    for (const issue of result.error.issues) {
      const place = placeOf(issue.path)
      if (issue.code !== 'unrecognized_keys') report(place, wordsOf(issue))
      else for (const key of issue.keys) report(placeOf([...issue.path, key]), 'is no member that is known here')
    }
    throw fail()
  }
  const patterns: PatternRule[] = []
  const paths: PathRule[] = []
  for (const [index, rule] of result.data.redact.entries()) {
    const place = `redact[${index}]`
    if ((rule.pattern === undefined) === (rule.path === undefined)) {
      report(place, 'must have either a pattern or a path')
    } else if (rule.path !== undefined) {
      if (rule.flags !== undefined) report(`${place}.flags`, 'belongs to a pattern')
      const path = parsePath(rule.path)
      if (path) paths.push({ path, placeholder: rule.placeholder })
      else report(`${place}.path`, `must be a path such as ${PATH_FORMS} (got ${JSON.stringify(rule.path)})`)
    } else if (rule.pattern !== undefined) {
      const expression = compile(rule.pattern, rule.flags ?? '')
      if (typeof expression === 'string') {
        report(`${place}.pattern`, `is no regular expression: ${expression}`)
      } else if (PROBES.some((probe) => [...probe.matchAll(expression)].some(([found]) => found === ''))) {
        report(`${place}.pattern`, 'matches the empty text, so that everything would be redacted')
      } else {
        patterns.push({ expression, placeholder: rule.placeholder })
      }
    }
  }
  for (const [index, rule] of result.data.redact.entries()) {
    const again = patterns.find((each) =>
      matchesOf(each, rule.placeholder).some(([found]) => found !== rule.placeholder || each.placeholder !== found),
    )
    if (again) {
      report(
        `redact[${index}].placeholder`,
        `is matched by the pattern ${String(again.expression)}, so that it would be redacted again and again`,
      )
    }
  }
  if (problems.length > 0) throw fail()
  return { patterns, paths }
}

function parseFile(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new DeltatapeError('config_invalid', `${file}: it is no JSON: ${cause.message}.`, { cause })
  }
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (place, key) =>
      typeof key === 'number' ? `${place}[${key}]` : place === '' ? String(key) : `${place}.${String(key)}`,
    '',
  )

const wordsOf = ({ code, message }: { readonly code?: string; readonly message: string }): string =>
  code === 'invalid_type' && message.startsWith('Invalid input') ? 'is missing, or of another kind' : message

/** An expression that finds all matches, or why the pattern is not one. */
function compile(pattern: string, flags: string): RegExp | string {
  try {
    return new RegExp(pattern, `${flags}g`)
  } catch (error) {
    if (error instanceof SyntaxError) return error.message
    throw error
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
    throw new DeltatapeError('config_invalid', `CONFIG_FILE: ${JSON.stringify(name)} cannot be read: ${why}.`, {
      cause,
    })
  }
  return parseRules(text, name)
}
