/** `deltatape verify`: what is wrong with the fixtures, file by file and line by line. */
import { Command } from 'commander'
import { EXIT } from '../base/errors.ts'
import { printable } from '../base/text.ts'
import { pickAll } from '../store/pick.ts'
import { link } from '../upkeep/link.ts'
import type { Problem, ProblemKind } from '../upkeep/problem.ts'
import { describeUnused, gatherUnused } from '../upkeep/unused.ts'
import { readFiles, verify } from '../upkeep/verify.ts'
import { parseAge } from './age.ts'
import { type Context, type Define } from './command.ts'
import { addFixtures, fixturesWithSecrets } from './fixtures.ts'
import { type Terminal, counted, countedOf } from './terminal.ts'

interface Options {
  readonly maxAge?: number
  readonly unused?: readonly string[]
  readonly strict?: true
  readonly allowEmpty?: true
  readonly link?: true
  readonly json?: true
}

export const defineVerify: Define = (context) =>
  addFixtures(new Command('verify'))
    .argument('[fixture...]', 'how the name or key of each begins, or its path; all if none is named')
    .option('--max-age <time>', 'report what was recorded longer ago, such as 90d, 12w or 36h', parseAge)
    .option('--unused <file>', 'report what was not used, too, by the usage log of a run; may be given again', gather)
    .option('--strict', 'let warnings count as problems')
    .option('--allow-empty', 'do not mind a directory without fixtures')
    .option('--link', 'write into fixtures which one they continue, if a run was ended too early to do so')
    .option('--json', 'write one JSON value for programs')
    .addHelpText(
      'after',
      `
A problem is what a recording never writes, and a body that is no longer the
recorded one. A warning tells what an upstream does in its own way.
Secrets are told by their kind and line, and never shown.

Examples:
  npx deltatape verify                        all of fixtures/
  npx deltatape verify my-name-is-ada-1       one of them
  npx deltatape verify --strict --max-age 90d

Exit codes: 0 nothing found, 1 problems, 2 it could not check.`,
    )
    .action((words: readonly string[], options: Options, command: Command) => run(context, words, options, command))

const gather = (file: string, before: readonly string[] = []): readonly string[] => [...before, file]

async function run(context: Context, words: readonly string[], options: Options, command: Command): Promise<void> {
  const { terminal, clock } = context
  const { store, redactor, match } = fixturesWithSecrets(command, context)
  if (options.link) {
    await store.check({ write: true })
    const count = await link(store)
    if (count > 0)
      terminal.tell(`${counted(count, 'fixture')} now ${count === 1 ? 'names' : 'name'} the one continued.`)
  }
  const files = await pickAll(store, words)
  const oldest = options.maxAge === undefined ? undefined : clock.date().getTime() - options.maxAge
  const { unused } = options.unused ? await gatherUnused(store, options.unused) : { unused: [] }

  const whole = words.length === 0
  const beside = whole ? await store.listBeside() : []
  const problems: Problem[] = []
  const bar = terminal.progress(files.length, 'fixtures')
  try {
    for await (const found of verify(readFiles(files), {
      redactor,
      match,
      oldest,
      whole,
      beside,
      flags: store.flags,
    })) {
      for (const each of found) problems.push(each)
      bar.step()
    }
  } finally {
    bar.stop()
  }
  const asked = new Set(files.map(({ name }) => name))
  for (const each of unused.filter(({ name }) => asked.has(name))) {
    const message = `it ${describeUnused(each)}`
    problems.push({ name: each.name, line: 1, kind: 'unused', severity: 'error', message })
  }
  const empty = files.length === 0 && !options.allowEmpty
  if (empty) problems.push(emptyProblem(store.place))
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  if (errors > 0 || (options.strict && warnings > 0)) context.exit(EXIT.found)

  const paths = new Map(files.map(({ name, path }) => [name, path]))
  const isBeside = new Set(beside)
  const pathOf = (name: string) => paths.get(name) ?? (isBeside.has(name) ? store.pathOf(name) : name)
  if (options.json) {
    const told = problems.map(({ name, ...rest }) => ({ file: pathOf(name), ...rest }))
    return terminal.write(JSON.stringify({ fixtures: files.length, errors, warnings, problems: told }, null, 2))
  }
  if (empty) return terminal.write(problems.map(({ message }) => printable(message)).join('\n'))
  // Print after the loop: the progress bar occupies the last line until then.
  for (const each of problems) terminal.write(lineFor(each, pathOf(each.name), terminal))
  terminal.write(summary({ count: files.length, errors, warnings }, problems, terminal))
}

const emptyProblem = (dir: string): Problem => {
  const message = `There are no fixtures in ${dir}: record some, or say --allow-empty if that is fine.`
  return { name: dir, line: 1, kind: 'empty', severity: 'error', message }
}

function lineFor({ line, severity, message }: Problem, path: string, { style }: Terminal): string {
  const place = style('bold', `${printable(path)}:${line}:`)
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
  const mends = new Set(problems.flatMap(({ kind }) => MENDS[kind] ?? []))
  return [`${found.join(' and ')} in ${countedOf(files, count, 'fixture')}`, ...mends].join('\n')
}

const DAMAGED = 'What is damaged: restore it (git checkout), or remove it and record it again (MODEL_MODE=auto).'

/** What to do about problems that do not say it themselves, told once for all of a kind. */
const MENDS: Partial<Readonly<Record<ProblemKind, string>>> = {
  damaged: DAMAGED,
  'cut-off': DAMAGED,
  time: DAMAGED,
  end: DAMAGED,
  name: 'What has another name: rename it so.',
  duplicate: 'What has the same key: remove all but one of them.',
}
