/** `deltatape ls`: a table of the fixtures. */
import { Command, Option } from 'commander'
import { lastUserText } from '../api/responses/request.ts'
import { patternOf, printable, printableLines } from '../base/text.ts'
import { ENDINGS, type Summary, summarize } from '../fixture/summary.ts'
import { checkStore, listFixtures } from '../store/directory.ts'
import { type Shelved, readAll } from '../store/pick.ts'
import { parseAge } from './age.ts'
import { type Define, addVariables, configFrom, endingStyle } from './command.ts'
import { type Column, table } from './table.ts'
import { counted } from './terminal.ts'

/**
 * A row of the table. `--json` gives an array of these; `key` and all that follows `ending` is missing of a damaged
 * fixture, which has the reason in `why`.
 */
interface Row {
  /** The file name. */
  readonly name: string
  readonly key?: string
  /** The model that was asked. */
  readonly model?: string
  readonly ending: Summary['ending'] | 'damaged'
  /** How it ended, in a sentence. */
  readonly why?: string
  readonly events?: number
  /** How many characters the text of the answer has. */
  readonly chars?: number
  /** When the first text came, in ms since the request was sent. */
  readonly firstDeltaMs?: number
  readonly durationMs?: number
  /** When it was recorded, in ISO 8601. */
  readonly recordedAt?: string
  readonly upstream?: string
}

interface Options {
  readonly sort: string
  readonly reverse?: boolean
  readonly model?: string
  readonly ending?: string
  /** Ages, in ms. */
  readonly olderThan?: number
  readonly newerThan?: number
  readonly json?: boolean
}

/** What rows are sorted by: what has no value stands last, whatever the direction. */
const SORTS: Readonly<Record<string, (row: Row) => string | number | undefined>> = {
  name: ({ name }) => name,
  model: ({ model }) => model,
  ending: ({ ending }) => ending,
  events: ({ events }) => events,
  chars: ({ chars }) => chars,
  first: ({ firstDeltaMs }) => firstDeltaMs,
  took: ({ durationMs }) => durationMs,
  recorded: ({ recordedAt }) => recordedAt,
  from: ({ upstream }) => upstream,
}

export const defineLs: Define = ({ env, terminal, clock }) => {
  const command = new Command('ls')
    .description('Lists the fixtures: all, or those whose name, input or answer holds every one of the words.')
    .argument('[words...]', 'what to look for, in any case')
    .addOption(new Option('--sort <column>', 'what to sort by').choices(Object.keys(SORTS)).default('name'))
    .option('--reverse', 'sort the other way round')
    .option('--model <name>', 'only those that asked this model; * stands for anything')
    .addOption(new Option('--ending <word>', 'only those that ended so').choices([...ENDINGS, 'damaged']))
    .option('--older-than <age>', 'only those recorded before, such as 30d', parseAge)
    .option('--newer-than <age>', 'only those recorded since, such as 2h', parseAge)
    .option('--json', 'write everything as JSON: an array with an object for each fixture')
    .addHelpText(
      'after',
      `
Columns: chars is the length of the answer's text, first when its first text
came, took when it ended, in ms since the request was sent. What has no room is
left out, but for the column that is sorted by.

Examples:
  deltatape ls                              all
  deltatape ls french hungry                those that hold both words
  deltatape ls --sort took --reverse        the slowest first
  deltatape ls --ending refused --older-than 30d
  deltatape ls --json | jq -r '.[].name'`,
    )
  addVariables(command, 'FIXTURES_DIR')

  return command.action(async (words: readonly string[], options: Options) => {
    const { fixturesDir } = configFrom(command, env, 'FIXTURES_DIR')
    await checkStore(fixturesDir, { write: false })
    const names = await listFixtures(fixturesDir)
    const progress = terminal.progress(names.length, 'fixtures')
    const rows: Row[] = []
    try {
      for await (const shelved of readAll(fixturesDir, names)) {
        const summary = 'fixture' in shelved ? summarize(shelved.fixture) : undefined
        const row = rowOf(shelved, summary)
        if (holds(shelved, summary, words) && fits(row, options, clock.date())) rows.push(row)
        progress.step()
      }
    } finally {
      progress.stop()
    }
    sort(rows, options)
    if (options.json) return terminal.write(JSON.stringify(rows, null, 2))
    if (rows.length > 0) terminal.write(table(terminal, columnsFor(options.sort), rows).join('\n'))
    const all = counted(names.length, 'fixture')
    terminal.tell(rows.length === names.length ? all : `${rows.length} of ${all}`)
    for (const { ending, why = '' } of rows) if (ending === 'damaged') terminal.tell(printableLines(why))
  })
}

/** Only what is shown is kept of a fixture: its events and texts would fill the memory. */
function rowOf(shelved: Shelved, summary: Summary | undefined): Row {
  const { name } = shelved
  if (!summary) return { name, ending: 'damaged', ...('damage' in shelved ? { why: shelved.damage } : {}) }
  const { key, model, ending, why, events, answer, firstDeltaMs, durationMs, recordedAt, upstream } = summary
  return {
    name,
    key,
    model,
    ending,
    ...(why === undefined ? {} : { why }),
    events,
    chars: Array.from(answer).length,
    ...(firstDeltaMs === undefined ? {} : { firstDeltaMs }),
    durationMs,
    recordedAt,
    upstream,
  }
}

/** Whether a fixture has every word in its name, its input or its answer. */
function holds(shelved: Shelved, summary: Summary | undefined, words: readonly string[]): boolean {
  if (words.length === 0) return true
  const input = 'fixture' in shelved ? shelved.fixture.request.input : undefined
  // Of a list of items the last text once more, as it reads without the escapes of JSON.
  const inputs = typeof input === 'string' ? [input] : [lastUserText(input), JSON.stringify(input ?? '')]
  const text = [shelved.name, ...inputs, summary?.answer ?? ''].join('\n').toLowerCase()
  return words.every((word) => text.includes(word.toLowerCase()))
}

function fits({ model, ending, recordedAt }: Row, options: Options, now: Date): boolean {
  if (options.model !== undefined && !(model !== undefined && patternOf(options.model).test(model))) return false
  if (options.ending !== undefined && options.ending !== ending) return false
  if (options.olderThan === undefined && options.newerThan === undefined) return true
  const age = now.getTime() - Date.parse(recordedAt ?? '')
  // What is damaged has no age: it is neither older nor newer.
  return age > (options.olderThan ?? -Infinity) && age < (options.newerThan ?? Infinity)
}

function sort(rows: Row[], { sort: column, reverse = false }: Options): void {
  const valueOf = SORTS[column] ?? (({ name }: Row) => name)
  rows.sort((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)]
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined)
    if (left === right) return a.name < b.name ? -1 : 1
    return left < right === reverse ? 1 : -1
  })
}

/** The columns, the one that is sorted by among those that stay. */
function columnsFor(sorted: string): Column<Row>[] {
  const number = (value: number | undefined) => (value === undefined ? '–' : String(Math.round(value)))
  const columns: Column<Row>[] = [
    { title: 'name', cell: ({ name }) => printable(name.replace(/\.jsonl$/, '')) },
    { title: 'model', cell: ({ model = '–' }) => printable(model), leaves: 3 },
    { title: 'ending', cell: ({ ending }) => ending, style: ({ ending }) => endingStyle(ending) },
    { title: 'events', cell: ({ events }) => number(events), right: true, leaves: 1 },
    { title: 'chars', cell: ({ chars }) => number(chars), right: true },
    { title: 'first', cell: ({ firstDeltaMs }) => number(firstDeltaMs), right: true },
    { title: 'took', cell: ({ durationMs }) => number(durationMs), right: true },
    { title: 'recorded', cell: ({ recordedAt = '–' }) => printable(dateOf(recordedAt)), leaves: 2 },
    { title: 'from', cell: ({ upstream = '–' }) => printable(upstream), leaves: 4 },
  ]
  return columns.map(({ leaves, ...column }) =>
    column.title === sorted || leaves === undefined ? column : { ...column, leaves },
  )
}

/** `2026-11-24 10:49`, in UTC as it was written. */
const dateOf = (iso: string): string => iso.slice(0, 16).replace('T', ' ')
