/** `deltatape verify`: what is wrong with the fixtures, file by file and line by line. */
import { Command } from 'commander'
import { printable } from '../base/text.ts'
import { createRedactor, secretsOf } from '../redact/redactor.ts'
import { readRules } from '../redact/rules.ts'
import { namesOf } from '../store/pick.ts'
import { openStore } from '../store/store.ts'
import type { Problem } from '../upkeep/check.ts'
import { describeUnused, gatherUnused } from '../upkeep/unused.ts'
import { readFiles, verify } from '../upkeep/verify.ts'
import { parseAge } from './age.ts'
import { type Define, addVariables, configFrom, shownPath } from './command.ts'
import { type Terminal, counted } from './terminal.ts'

interface Options {
  readonly maxAge?: number
  readonly unused?: readonly string[]
  readonly strict?: true
  readonly allowEmpty?: true
  readonly json?: true
}

export const defineVerify: Define = ({ env, terminal, clock, exit }) =>
  addVariables(new Command('verify'), 'FIXTURES_DIR', 'CONFIG_FILE')
    .description('Checks that fixtures are whole, belong to their requests and hold no secrets.')
    .argument('[name...]', 'fixtures to check; all where none is named')
    .option('--max-age <time>', 'report what was recorded longer ago, such as 90d, 12w or 36h', parseAge)
    .option('--unused <file>', 'report what was not used, too, by the usage log of a run; may be given again', gather)
    .option('--strict', 'let warnings count as problems')
    .option('--allow-empty', 'do not mind a directory without fixtures')
    .option('--json', 'write one JSON value for programs')
    .addHelpText(
      'after',
      `
Examples:
  deltatape verify                        all of fixtures/
  deltatape verify say-hi-3f9a0c21b7d4    one of them
  deltatape verify --strict --max-age 90d

Secrets are told by their kind and line, and never shown.
Exit codes: 0 nothing found, 1 problems, 2 it could not check.`,
    )
    .action(async (given: readonly string[], options: Options, command: Command) => {
      const config = configFrom(command, env, 'FIXTURES_DIR', 'CONFIG_FILE', 'OPENAI_API_KEY', 'AUTH_TOKEN')
      const redactor = createRedactor(secretsOf(config), readRules(config.configFile))
      const store = openStore({ dir: config.fixturesDir, redactor, clock })
      const names = await namesOf(store, given)
      const oldest = options.maxAge === undefined ? undefined : clock.date().getTime() - options.maxAge

      const problems: Problem[] = []
      const { unused } = options.unused ? await gatherUnused(store, options.unused) : { unused: [] }
      const bar = terminal.progress(names.length, 'fixtures')
      try {
        for await (const found of verify(readFiles(store, names), { redactor, oldest, whole: given.length === 0 })) {
          problems.push(...found)
          bar.step()
        }
      } finally {
        bar.stop()
      }

      const asked = new Set(names)
      for (const each of unused.filter(({ name }) => asked.has(name))) {
        const message = `it ${describeUnused(each)}`
        problems.push({ name: each.name, line: 1, kind: 'unused', severity: 'error', message })
      }

      const empty = names.length === 0 && !options.allowEmpty
      const errors = problems.filter(({ severity }) => severity === 'error').length
      const warnings = problems.length - errors
      if (errors > 0 || empty || (options.strict && warnings > 0)) exit(1)
      if (options.json) {
        const told = problems.map(({ name, ...rest }) => ({ file: shownPath(config.fixturesDir, name), ...rest }))
        terminal.write(JSON.stringify({ fixtures: names.length, errors, warnings, problems: told }, null, 2))
        return
      }
      // Not as they come: the progress stands on the same terminal.
      for (const each of problems) terminal.write(lineFor(each, config.fixturesDir, terminal))
      if (empty) {
        terminal.write(
          `There are no fixtures in ${printable(config.fixturesDir)}: record some, or say --allow-empty where that is fine.`,
        )
      } else {
        terminal.write(summary({ count: names.length, errors, warnings }, problems, terminal))
      }
    })

const gather = (file: string, before: readonly string[] = []): readonly string[] => [...before, file]

function lineFor({ name, line, severity, message }: Problem, dir: string, { style }: Terminal): string {
  const place = style('bold', `${shownPath(dir, name)}:${line}:`)
  const what = severity === 'warning' ? `${style('yellow', 'warning:')} ${printable(message)}` : printable(message)
  return `${place} ${what}`
}

interface Counts {
  readonly count: number
  readonly errors: number
  readonly warnings: number
}

function summary({ count, errors, warnings }: Counts, problems: readonly Problem[], { style }: Terminal): string {
  if (problems.length === 0) return style('green', `${counted(count, 'fixture')}, no problems`)
  const found = [
    ...(errors > 0 ? [style('red', counted(errors, 'problem'))] : []),
    ...(warnings > 0 ? [style('yellow', counted(warnings, 'warning'))] : []),
  ]
  const files = new Set(problems.map(({ name }) => name)).size
  return `${found.join(' and ')} in ${files} of ${counted(count, 'fixture')}`
}
