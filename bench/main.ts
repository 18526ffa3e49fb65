/** `npm run bench`: measures, prints, and leaves nothing behind. */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { createLab } from './lab.ts'
import { createLibrary } from './library.ts'
import { figureOf, machine, markdownOf, reaches, textOf } from './report.ts'
import type { Bench, Scenario, Table } from './scenario.ts'
import { growth } from './scenarios/growth.ts'
import { memory } from './scenarios/memory.ts'
import { pace } from './scenarios/pace.ts'
import { record } from './scenarios/record.ts'
import { sse } from './scenarios/sse.ts'
import { start } from './scenarios/start.ts'
import { suite } from './scenarios/suite.ts'
import { ws } from './scenarios/ws.ts'

const SCENARIOS: readonly Scenario[] = [ws, sse, start, memory, record, pace, growth, suite]

/** How many times worse than its goal a figure may be on a machine of CI, which others use too. */
const TOLERANCE = 2

const HELP = `npm run bench [-- [options] [scenario …]]

${SCENARIOS.map(({ name, about, long }) => `  ${name.padEnd(8)} ${about}${long ? ' (only with --all, or by name)' : ''}`).join('\n')}

  --rounds N       how often each side is measured (default 5)
  --json FILE      writes all samples and figures as JSON
  --markdown FILE  writes the tables as Markdown
  --all            runs the long scenarios, too
  --check          a short run of ws and sse against the raw servers; fails where
                   a ratio is ${TOLERANCE} times worse than its goal
  --help
`

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      all: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const rounds = Number(values.rounds ?? (values.check ? 3 : 5))
  if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError('--rounds takes a number of at least 1.')
  const unknown = positionals.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name))
  if (unknown.length > 0) throw new TypeError(`There is no scenario ${unknown.join(', ')}. See --help.`)
  return { ...values, rounds, names: values.check ? ['ws', 'sse'] : positionals }
}

const { rounds, json, markdown, all, check, help, names } = readArguments()
if (help) {
  process.stdout.write(HELP)
  process.exit()
}

const lab = createLab()
process.once('exit', () => lab.clear())
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

const say = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${what.slice(0, 78)}`)
}
const bench: Bench = { lab, library: createLibrary(lab, say), rounds, brief: check, windowMs: 500, say }

const chosen = SCENARIOS.filter(({ name, long }) => (names.length > 0 ? names.includes(name) : all || !long))
const tables: Table[] = []
for (const scenario of chosen) {
  const found = await scenario.run(bench)
  say('')
  for (const table of found) process.stdout.write(`${textOf(table)}\n\n`)
  tables.push(...found)
}

if (json !== undefined) {
  const measured = tables.map(({ title, unit, rows }) => ({
    title,
    unit,
    rows: rows.map((row) => ({ ...figureOf(row), samples: { ours: row.ours, against: row.against } })),
  }))
  await writeFile(json, `${JSON.stringify({ machine: machine(), rounds, tables: measured }, undefined, 2)}\n`)
}
if (markdown !== undefined) await writeFile(markdown, `${tables.map(markdownOf).join('\n\n')}\n`)

if (check) {
  for (const row of tables.flatMap((table) => table.rows)) {
    const { what, ratio, ours, goal } = figureOf(row)
    if (!goal || reaches(ratio ?? ours, goal, TOLERANCE)) continue
    process.stderr.write(
      `${what}: ${(ratio ?? ours).toFixed(2)} is more than ${TOLERANCE} times worse than the goal.\n`,
    )
    process.exitCode = 1
  }
}
