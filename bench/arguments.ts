/** What `npm run bench` is told. */
import { parseArgs } from 'node:util'
import type { Scenario } from './scenario.ts'

/** What the user is to be told, without a stack. */
export class ArgumentError extends Error {}

/** How many times worse than usual a figure may be on a machine of CI, which others use too. */
export const TOLERANCE = 2

export interface Arguments {
  readonly chosen: readonly Scenario[]
  readonly rounds: number
  /** Where the figures are written. */
  readonly json: string | undefined
  readonly markdown: string | undefined
  readonly check: boolean
  readonly help: boolean
}

const OPTIONS = {
  rounds: { type: 'string' },
  json: { type: 'string' },
  markdown: { type: 'string' },
  all: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** What a check looks at. */
const CHECKED = ['ws', 'sse', 'apis']

/** @throws ArgumentError */
export function readArguments(args: readonly string[], scenarios: readonly Scenario[]): Arguments {
  const { values, positionals } = parse(args)
  const { all, check, help, json, markdown } = values
  const rounds = Number(values.rounds ?? (check ? 3 : 5))
  if (!Number.isInteger(rounds) || rounds < 1) throw new ArgumentError('--rounds takes a whole number of at least 1.')
  const unknown = positionals.find((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown !== undefined) {
    const known = scenarios.map(({ name }) => name).join(', ')
    throw new ArgumentError(`There is no scenario ${JSON.stringify(unknown)}. There are ${known}.`)
  }
  const names = positionals.length === 0 && check ? CHECKED : positionals
  const chosen = scenarios.filter(({ name, long }) => (names.length > 0 ? names.includes(name) : all || !long))
  return { chosen, rounds, json, markdown, check, help }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

export const helpText = (scenarios: readonly Scenario[]): string => `npm run bench [-- [options] [scenario …]]

${scenarios.map(({ name, about, long }) => `  ${name.padEnd(8)} ${about}${long ? '; not run unasked' : ''}`).join('\n')}

  --rounds N       how often each side is measured (default 5)
  --json FILE      writes figures and samples as JSON
  --markdown FILE  writes the tables as Markdown
  --all            runs what is not run unasked, too
  --check          a short run of ws, sse and apis against the raw servers; fails
                   where a figure is more than ${TOLERANCE} times worse than usual
  --help
`
