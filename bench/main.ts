/** `npm run bench`: measures, prints, and leaves nothing behind. */
import { writeFile } from 'node:fs/promises'
import { inspect } from 'node:util'
import { ArgumentError, TOLERANCE, helpText, readArguments, type Arguments } from './arguments.ts'
import { createLab } from './lab.ts'
import { createLibrary } from './library.ts'
import { figureOf, headOf, jsonOf, machine, markdownOf, reaches, textOf } from './report.ts'
import type { Table } from './scenario.ts'
import { apis } from './scenarios/apis.ts'
import { growth } from './scenarios/growth.ts'
import { memory } from './scenarios/memory.ts'
import { misses } from './scenarios/misses.ts'
import { pace } from './scenarios/pace.ts'
import { page } from './scenarios/page.ts'
import { record } from './scenarios/record.ts'
import { replicas } from './scenarios/replicas.ts'
import { sse } from './scenarios/sse.ts'
import { start } from './scenarios/start.ts'
import { suite } from './scenarios/suite.ts'
import { ws } from './scenarios/ws.ts'

const SCENARIOS = [ws, sse, apis, start, memory, record, pace, growth, misses, replicas, page, suite]

/** How long a load is measured, in ms. */
const WINDOW_MS = 500

/** Runs the scenarios one after another, and prints the tables of each when it has ended. */
async function measure({ chosen, rounds, check }: Arguments): Promise<Table[]> {
  const lab = createLab()
  process.once('exit', () => lab.clear())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
  const say = (what: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${what.slice(0, 78)}`)
  }
  const bench = { lab, library: createLibrary(lab, say), rounds, brief: check, windowMs: WINDOW_MS, say }
  const tables: Table[] = []
  for (const scenario of chosen) {
    try {
      const found = await scenario.run(bench)
      say('')
      for (const table of found) process.stdout.write(`${textOf(table)}\n\n`)
      tables.push(...found)
    } catch (error) {
      // The others are worth their minutes none the less.
      say('')
      process.stderr.write(`${scenario.name} failed: ${inspect(error)}\n`)
      process.exitCode = 1
    }
  }
  return tables
}

/** Tells which figures are so much worse than usual that it is not the machine. */
function judge(tables: readonly Table[]): void {
  for (const { rows, title } of tables) {
    for (const { what, ratio, ours, goal } of rows.map(figureOf)) {
      if (!goal || reaches(ratio ?? ours, goal.is, goal.usual, TOLERANCE)) continue
      const found = (ratio ?? ours).toFixed(2)
      process.stderr.write(
        `${title}, ${what}: ${found} is more than ${TOLERANCE} times worse than usual, ${goal.is} ${goal.usual}.\n`,
      )
      process.exitCode = 1
    }
  }
}

try {
  const given = readArguments(process.argv.slice(2), SCENARIOS)
  if (given.help) {
    process.stdout.write(helpText(SCENARIOS))
  } else {
    const where = machine()
    process.stdout.write(`${headOf(where, given.rounds)}\n\n`)
    const tables = await measure(given)
    const { json, markdown } = given
    if (json !== undefined) await writeFile(json, jsonOf(where, given.rounds, tables))
    if (markdown !== undefined) await writeFile(markdown, markdownOf(where, given.rounds, tables))
    if (given.check) judge(tables)
  }
} catch (error) {
  if (!(error instanceof ArgumentError)) throw error
  process.stderr.write(`${error.message} See npm run bench -- --help.\n`)
  process.exitCode = 1
}
