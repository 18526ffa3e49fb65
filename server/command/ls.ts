/** `deltatape ls`: a table of the fixtures. */
import { Command, Option } from 'commander'
import { patternOf, printable, printableLines } from '../base/text.ts'
import { type Listed, damagedOf, listedOf, searchedIn } from '../fixture/listed.ts'
import { byTake } from '../fixture/take.ts'
import { ENDINGS, summarize } from '../fixture/summary.ts'
import { type Shelved, pickAll, readAll } from '../store/pick.ts'
import { parseAge } from './age.ts'
import { type Context, type Define, endingStyle } from './command.ts'
import { addFixtures, fixturesOf } from './fixtures.ts'
import { type Column, cutInTheMiddle, table } from './table.ts'
import { type Terminal, counted, countedOf } from './terminal.ts'

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

/** What rows are sorted by. Rows without such a value come last in both directions. */
const SORTS: Readonly<Record<string, (row: Listed) => string | number | undefined>> = {
  name: ({ name }) => name,
  api: ({ api }) => api,
  model: ({ model }) => model,
  status: ({ status }) => status,
  ending: ({ ending }) => ending,
  events: ({ events }) => events,
  chars: ({ chars }) => chars,
  first: ({ firstDeltaMs }) => firstDeltaMs,
  took: ({ durationMs }) => durationMs,
  recorded: ({ recordedAt }) => recordedAt,
  from: ({ upstream }) => upstream,
  text: ({ text }) => text,
}

export const defineLs: Define = (context) =>
  addFixtures(new Command('ls'))
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
Columns: api is the API, or where there is little room the host if it is not the
API's own; model is what was asked, or the method and path of a call that names
none; chars is the length of the answer's text, or the bytes (B) of an answer
without one, and what they are if they are no text; first is when its first text
came, took when it ended, in ms since the call was sent; from is who answered.
What has no room is left out, but for the column that is sorted by.

Examples:
  npx deltatape ls                              all
  npx deltatape ls french hungry                those that hold both words
  npx deltatape ls --sort took --reverse        the slowest first
  npx deltatape ls --ending refused --older-than 30d
  npx deltatape ls --json | jq -r '.[].name'`,
    )
    .action((words: readonly string[], options: Options, command: Command) => ls(context, words, options, command))

async function ls(context: Context, words: readonly string[], options: Options, command: Command): Promise<void> {
  const { terminal, clock } = context
  const { store } = fixturesOf(command, context)
  const files = await pickAll(store, [])
  const progress = terminal.progress(files.length, 'fixtures')
  const rows: Listed[] = []
  try {
    for await (const shelved of readAll(files)) {
      const { row, searched } = seenOf(shelved)
      const isFound = words.every((word) => searched.includes(word.toLowerCase()))
      if (isFound && fits(row, options, clock.date())) rows.push(row)
      progress.step()
    }
  } finally {
    progress.stop()
  }
  sort(rows, options)
  if (options.json) return terminal.write(JSON.stringify(rows, null, 2))
  if (rows.length > 0) terminal.write(table(terminal, columnsFor(options.sort, rows, terminal), rows).join('\n'))
  const [shown, all] = [rows.length, files.length]
  terminal.tell(shown === all ? counted(all, 'fixture') : countedOf(shown, all, 'fixture'))
  for (const { ending, why = '' } of rows) if (ending === 'damaged') terminal.tell(printableLines(why))
}

/** The row of a fixture, and what words are looked for in; of a damaged one that is its name. */
function seenOf(shelved: Shelved): { readonly row: Listed; readonly searched: string } {
  if ('damage' in shelved) return { row: damagedOf(shelved.name, shelved.damage), searched: shelved.name.toLowerCase() }
  const { fixture } = shelved
  const summary = summarize(fixture)
  return { row: listedOf(fixture, summary), searched: searchedIn(fixture, summary) }
}

function fits({ model, ending, recordedAt }: Listed, options: Options, now: Date): boolean {
  if (options.model !== undefined && !(model !== undefined && patternOf(options.model).test(model))) return false
  if (options.ending !== undefined && options.ending !== ending) return false
  if (options.olderThan === undefined && options.newerThan === undefined) return true
  const age = now.getTime() - Date.parse(recordedAt ?? '')
  // A damaged fixture has no age: it is neither older nor newer.
  return age > (options.olderThan ?? -Infinity) && age < (options.newerThan ?? Infinity)
}

function sort(rows: Listed[], { sort: column, reverse = false }: Options): void {
  const valueOf = SORTS[column] ?? (({ name }: Listed) => name)
  rows.sort((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)]
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined)
    if (left === right) return byTake(a.name, b.name)
    const order = column === 'name' ? byTake(a.name, b.name) : left < right ? -1 : 1
    return reverse ? -order : order
  })
}

const number = (value: number | undefined) => (value === undefined ? '–' : String(Math.round(value)))

/** @param isNarrow whether what tells APIs apart has to share little room */
const allColumns = (isNarrow: boolean): readonly Column<Listed>[] => [
  { title: 'name', cell: ({ name }) => printable(name.replace(/\.jsonl$/, '')) },
  { title: 'api', cell: ({ api = '–', host }) => (isNarrow && host ? narrow(host) : printable(api)) },
  { title: 'model', cell: (row) => asked(row, isNarrow ? NARROW : MAX_ASKED) },
  { title: 'status', cell: ({ status }) => number(status), right: true },
  { title: 'ending', cell: ({ ending }) => ending, style: ({ ending }) => endingStyle(ending) },
  { title: 'events', cell: ({ events }) => number(events), right: true },
  { title: 'chars', cell: size, right: true },
  { title: 'first', cell: ({ firstDeltaMs }) => number(firstDeltaMs), right: true },
  { title: 'took', cell: ({ durationMs }) => number(durationMs), right: true },
  { title: 'recorded', cell: ({ recordedAt = '–' }) => printable(dateOf(recordedAt)) },
  { title: 'from', cell: ({ upstream = '–' }) => printable(upstream) },
  { title: 'text', cell: ({ text = '–' }) => printable(text) },
]

/** The columns that leave if there is no room, the last of them first. */
const LEAVING = ['events', 'recorded', 'model', 'from', 'api']

/** The same among several APIs or hosts: what tells them apart stays longer. */
const LEAVING_APART = ['api', 'model', 'took', 'first', 'from', 'events', 'recorded', 'status', 'text']

/** What is shown only among several APIs, or if it is sorted by. */
const ONLY_APART: ReadonlySet<string> = new Set(['status', 'text'])

/** The columns; the one that is sorted by does not leave, nor the one that tells what nobody recorded. */
function columnsFor(sorted: string, rows: readonly Listed[], { columns }: Terminal): Column<Listed>[] {
  const apart = new Set(rows.flatMap(({ api, host }) => (api === undefined ? [] : JSON.stringify([api, host]))))
  const isApart = apart.size > 1
  const isMixed = rows.some(({ upstream, recordedAt }) => upstream !== undefined && recordedAt === undefined)
  const leaving = (isApart ? LEAVING_APART : LEAVING).map((title) => (isMixed && title === 'from' ? undefined : title))
  return allColumns(isApart && columns < WIDE)
    .filter(({ title }) => isApart || title === sorted || !ONLY_APART.has(title))
    .map((column) => {
      const leaves = leaving.indexOf(column.title) + 1
      if (leaves > 0 && column.title !== sorted) return { ...column, leaves }
      return isApart && column.title === 'name' ? { ...column, least: NARROW_NAME } : column
    })
}

const narrow = (text: string): string => cutInTheMiddle(printable(text), NARROW)

/** The length of the text, or that of the body, and what it is if it is no text. */
function size({ chars, bytes, type }: Listed): string {
  if (chars || !bytes) return number(chars)
  return `${bytes} B${type === undefined ? '' : ` ${printable(type.replace(/^[^/]*\//, ''))}`}`
}

/** How wide a cell is that says what was asked. */
const MAX_ASKED = 28

/** The same among several APIs, on a terminal that is not so wide; and how narrow a name may get there. */
const NARROW = 16
const NARROW_NAME = 20
const WIDE = 120

/** The model, or the call if it names none. */
function asked({ model, method, path }: Listed, most: number): string {
  if (model) return cutInTheMiddle(printable(model), most)
  return method === undefined ? '–' : cutInTheMiddle(printable(`${method} ${path}`), most)
}

/** `2026-11-24 10:49`, in UTC as it was written. */
const dateOf = (iso: string): string => iso.slice(0, 16).replace('T', ' ')
