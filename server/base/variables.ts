/** Variables of an environment: the kinds of values that there are, and how a table of variables is read. */
import { z } from 'zod'
import { MAX_TIMER_MS } from './clock.ts'

/** The variables as a process holds them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A variable, for those who show it. */
export interface VariableInfo {
  readonly name: string
  /** Another name under which it still counts. */
  readonly formerly?: string
  /** What it is for, in one line. */
  readonly about: string
  /** What its value may be, in words that complete "it must be …". */
  readonly allowed: string
  /** Whether it is a 1 or a 0. */
  readonly yesOrNo?: true
}

/** Makes a value of words. It is what is used of a schema: who has our types need not have those of zod. */
export interface Reader<T> {
  safeParse(words: string): { readonly success: true; readonly data: T } | { readonly success: false }
}

export interface Variable<T> extends VariableInfo {
  /** Its value if it is absent or blank. */
  readonly fallback: T
  readonly schema: Reader<T>
  /** Whether its value must not be shown. */
  readonly secret?: true
  /** How its value is shown, where a part of it may be a password. */
  readonly shown?: (word: string) => string
}

/** A table of variables, by the members that their values become. */
export type Table = Readonly<Record<string, Variable<unknown>>>

/** What a table gives: for each variable the value of its kind. */
export type Values<T extends Table> = {
  readonly [Member in keyof T]: T[Member] extends Variable<infer Value> ? Value : never
}

export const variable = <T>(
  name: string,
  about: string,
  allowed: string,
  fallback: T,
  schema: z.ZodType<T, string>,
): Variable<T> => ({ name, about, allowed, fallback, schema })

export const oneOf = <const T extends readonly [string, ...string[]]>(
  name: string,
  about: string,
  words: T,
  fallback: T[number],
): Variable<T[number]> => variable<T[number]>(name, about, `one of ${words.join(', ')}`, fallback, z.enum(words))

/** A whole number; without `max` there is no upper bound. */
export const whole = (
  name: string,
  about: string,
  fallback: number,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): Variable<number> =>
  variable(
    name,
    about,
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`,
    fallback,
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number)
      .pipe(z.number().min(min).max(max)),
  )

/** A time in ms, as long as a timer can wait at most. */
export const duration = (name: string, about: string, fallback: number, min = 1): Variable<number> =>
  whole(name, `${about}, in ms`, fallback, min, MAX_TIMER_MS)

export const text = (name: string, about: string, fallback: string): Variable<string> =>
  variable(name, about, 'some text', fallback, z.string())

export const path = (name: string, about: string): Variable<string | undefined> =>
  variable<string | undefined>(name, about, 'the path of a file', undefined, z.string())

export const flag = (name: string, about: string, fallback = false): Variable<boolean> => ({
  ...variable(
    name,
    about,
    '1 (yes) or 0 (no)',
    fallback,
    z.enum(['0', '1']).transform((word) => word === '1'),
  ),
  yesOrNo: true,
})

/** @param allowed what each item may be, in words */
export const list = (
  name: string,
  about: string,
  allowed: string,
  each: z.ZodType<string, string>,
): Variable<readonly string[]> =>
  variable<readonly string[]>(
    name,
    about,
    `${allowed}, several joined by commas`,
    [],
    z
      .string()
      .transform((words) => words.split(',').map((word) => word.trim()))
      .pipe(z.array(each)),
  )

/** A key that an HTTP header can carry. No message repeats it. */
export const secret = (name: string, about: string): Variable<string | undefined> => ({
  ...variable<string | undefined>(
    name,
    about,
    'a text of printable characters without spaces (it is not shown)',
    undefined,
    z.string().regex(/^[\x21-\x7e]+$/),
  ),
  secret: true,
})

/** Whether a text is the URL of a page or a service that asks for no login. */
function isAddress(word: string): boolean {
  if (!URL.canParse(word)) return false
  const { protocol, username, password } = new URL(word)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

/** A web address; slashes at its end are left out. */
export const address = (name: string, about: string, fallback: string): Variable<string> =>
  variable(
    name,
    about,
    'an http or https address without a user name or password',
    fallback,
    z
      .string()
      .refine(isAddress)
      .transform((url) => url.replace(/\/+$/, '')),
  )

/** The words that stand for a variable under its name and its other one. Blank ones count as absent. */
const wordsFor = ({ name, formerly }: VariableInfo, env: Environment): readonly (string | undefined)[] => [
  env[name]?.trim() || undefined,
  formerly === undefined ? undefined : env[formerly]?.trim() || undefined,
]

/** Why a variable cannot be read, if it cannot. */
function problemOf(name: string, each: Variable<unknown>, word: string): string {
  return `${name} must be ${each.allowed}${each.secret ? '' : ` (got ${quoted(each, word)})`}.`
}

const quoted = ({ shown = (word) => word }: Variable<unknown>, word: string): string => JSON.stringify(shown(word))

/**
 * Reads the variables of a table.
 *
 * @returns the values, with the fallback for each variable that cannot be read, and a line for each problem
 */
export function readVariables<T extends Table>(
  table: T,
  env: Environment,
): { readonly values: Values<T>; readonly problems: readonly string[] } {
  const problems: string[] = []
  const read = (each: Variable<unknown>): unknown => {
    const [first, other] = wordsFor(each, env)
    const word = first ?? other
    if (word === undefined) return each.fallback
    if (other !== undefined && other !== word) {
      const both = `${quoted(each, word)} and ${quoted(each, other)}`
      problems.push(
        `${each.name} and ${each.formerly} mean the same, and differ (got ${both}). Set ${each.name} alone.`,
      )
    }
    const result = each.schema.safeParse(word)
    if (result.success) return result.data
    problems.push(problemOf(each.formerly === undefined ? each.name : `${each.name} (or ${each.formerly})`, each, word))
    return each.fallback
  }
  return { values: reading(table, (_member, each) => read(each)), problems }
}

/**
 * Reads what a program gives for the members of a table, each as the value that it is to be, or in the words of its
 * variable.
 *
 * @returns the same as {@link readVariables}
 */
export function readMembers<T extends Table>(
  table: T,
  given: Readonly<Record<string, unknown>>,
): { readonly values: Values<T>; readonly problems: readonly string[] } {
  const problems: string[] = []
  const values = reading(table, (member, each) => {
    const value = given[member]
    if (value === undefined || value === null) return each.fallback
    // What no words stand for was made by us.
    if (typeof value === 'function' || (typeof value === 'object' && !Array.isArray(value))) return value
    const word = typeof value === 'boolean' ? String(Number(value)) : String(value)
    if (word === '') return each.fallback
    const result = each.schema.safeParse(word)
    if (result.success) return result.data
    problems.push(problemOf(member, each, word))
    return each.fallback
  })
  return { values, problems }
}

function reading<T extends Table>(table: T, read: (member: string, each: Variable<unknown>) => unknown): Values<T> {
  const values = Object.fromEntries(Object.entries(table).map(([member, each]) => [member, read(member, each)]))
  // A loop over a table loses which member has which type; `Values` says it again.
  return values as Values<T>
}

/** An environment, and over it what was given in another way. What is given for a variable hides its other name. */
export function overlaid(known: readonly VariableInfo[], env: Environment, given: Environment): Environment {
  const hidden = known.flatMap(({ name, formerly }) => (formerly !== undefined && given[name] ? [formerly] : []))
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.includes(name))), ...given }
}

/** What an environment says of these variables, under each of their names. */
export function narrowed(known: readonly VariableInfo[], env: Environment, names: readonly string[]): Environment {
  const counting = known.flatMap(({ name, formerly }) => (names.includes(name) ? [name, formerly] : []))
  return Object.fromEntries(Object.entries(env).filter(([name]) => counting.includes(name)))
}
