/** `deltatape ls`: a table of the fixtures. */
import { Command, Option } from 'commander'
import { apiNamed } from '../api/index.ts'
import { patternOf, printable, printableLines } from '../base/text.ts'
import { inputOf } from '../fixture/likeness.ts'
import { byTake } from '../fixture/take.ts'
import { ENDINGS, type Summary, summarize } from '../fixture/summary.ts'
import { type Shelved, pickAll, readAll } from '../store/pick.ts'
import { parseAge } from './age.ts'
import { type Context, type Define, endingStyle } from './command.ts'
import { addFixtures, fixturesOf } from './fixtures.ts'
import { type Column, cutInTheMiddle, table } from './table.ts'
import { counted } from './terminal.ts'

/**
 * A row of the table. `--json` gives an array of these. Of a damaged fixture only `name`, `ending` and the reason in
 * `why` are known.
 */
interface Row {
  /** The file name. */
  readonly name: string
  readonly key?: string
  /** Which of several answers to its call it is, from 2 on. */
  readonly take?: number
  /** The name of the API's row. */
  readonly api?: string
  readonly method?: string
  readonly path?: string
  /** The model that was asked; empty if the request names none. */
  readonly model?: string
  /** The HTTP status, if the API was reached. */
  readonly status?: number
  readonly ending: Summary['ending'] | 'damaged'
  /** How it ended, in a sentence. */
  readonly why?: string
  readonly events?: number
  /** How long the body of the answer is. */
  readonly bytes?: number
  /** How many characters the text of the answer has. */
  readonly chars?: number
  /** When the first text came, in ms since the call was sent. */
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

/** What rows are sorted by. Rows without such a value come last in both directions. */
const SORTS: Readonly<Record<string, (row: Row) => string | number | undefined>> = {
  name: ({ name }) => name,
  api: ({ api }) => api,
  model: ({ model }) => model,
  ending: ({ ending }) => ending,
  events: ({ events }) => events,
  chars: ({ chars }) => chars,
  first: ({ firstDeltaMs }) => firstDeltaMs,
  took: ({ durationMs }) => durationMs,
  recorded: ({ recordedAt }) => recordedAt,
  from: ({ upstream }) => upstream,
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
Columns: model is what was asked, or the method and path of a call that names
none; chars is the length of the answer's text, or the bytes (B) of an answer
without one; first is when its first text came, took when it ended, in ms since
the call was sent. What has no room is left out, but for the column that is
sorted by.

Examples:
  deltatape ls                              all
  deltatape ls french hungry                those that hold both words
  deltatape ls --sort took --reverse        the slowest first
  deltatape ls --ending refused --older-than 30d
  deltatape ls --json | jq -r '.[].name'`,
    )
    .action((words: readonly string[], options: Options, command: Command) => ls(context, words, options, command))

async function ls(context: Context, words: readonly string[], options: Options, command: Command): Promise<void> {
  const { terminal, clock } = context
  const { store } = fixturesOf(command, context)
  const files = await pickAll(store, [])
  const progress = terminal.progress(files.length, 'fixtures')
  const rows: Row[] = []
  try {
    for await (const shelved of readAll(files)) {
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
  const all = counted(files.length, 'fixture')
  terminal.tell(rows.length === files.length ? all : `${rows.length} of ${all}`)
  for (const { ending, why = '' } of rows) if (ending === 'damaged') terminal.tell(printableLines(why))
}

/** Only what is shown of a fixture is kept: the answers of all would fill the memory. */
function rowOf(shelved: Shelved, summary: Summary | undefined): Row {
  const { name } = shelved
  if (!summary) return { name, ending: 'damaged', ...('damage' in shelved ? { why: shelved.damage } : {}) }
  const { key, take, api, call, model, status, ending, why, events, bytes, answer } = summary
  const { firstDeltaMs, durationMs, recordedAt, upstream } = summary
  return {
    name,
    key,
    ...(take === undefined ? {} : { take }),
    api,
    method: call.method,
    path: call.path,
    model,
    ...(status === undefined ? {} : { status }),
    ending,
    ...(why === undefined ? {} : { why }),
    events,
    bytes,
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
  const texts = [shelved.name, summary?.answer ?? '']
  if ('fixture' in shelved) {
    const { fixture } = shelved
    const input = inputOf(fixture)
    // The text of a list is also searched as it reads without the escapes of JSON.
    if (typeof input === 'string') texts.push(input)
    else texts.push(apiNamed(fixture.api).lastUserText(fixture.request), JSON.stringify(input))
  }
  const text = texts.join('\n').toLowerCase()
  return words.every((word) => text.includes(word.toLowerCase()))
}

function fits({ model, ending, recordedAt }: Row, options: Options, now: Date): boolean {
  if (options.model !== undefined && !(model !== undefined && patternOf(options.model).test(model))) return false
  if (options.ending !== undefined && options.ending !== ending) return false
  if (options.olderThan === undefined && options.newerThan === undefined) return true
  const age = now.getTime() - Date.parse(recordedAt ?? '')
  // A damaged fixture has no age: it is neither older nor newer.
  return age > (options.olderThan ?? -Infinity) && age < (options.newerThan ?? Infinity)
}

function sort(rows: Row[], { sort: column, reverse = false }: Options): void {
  const valueOf = SORTS[column] ?? (({ name }: Row) => name)
  rows.sort((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)]
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined)
    if (left === right) return byTake(a.name, b.name)
    const order = column === 'name' ? byTake(a.name, b.name) : left < right ? -1 : 1
    return reverse ? -order : order
  })
}

/** The columns; the one that is sorted by does not leave. */
function columnsFor(sorted: string): Column<Row>[] {
  const number = (value: number | undefined) => (value === undefined ? '–' : String(Math.round(value)))
  const columns: Column<Row>[] = [
    { title: 'name', cell: ({ name }) => printable(name.replace(/\.jsonl$/, '')) },
    { title: 'api', cell: ({ api = '–' }) => printable(api), leaves: 5 },
    { title: 'model', cell: asked, leaves: 3 },
    { title: 'ending', cell: ({ ending }) => ending, style: ({ ending }) => endingStyle(ending) },
    { title: 'events', cell: ({ events }) => number(events), right: true, leaves: 1 },
    { title: 'chars', cell: ({ chars, bytes }) => (!chars && bytes ? `${bytes} B` : number(chars)), right: true },
    { title: 'first', cell: ({ firstDeltaMs }) => number(firstDeltaMs), right: true },
    { title: 'took', cell: ({ durationMs }) => number(durationMs), right: true },
    { title: 'recorded', cell: ({ recordedAt = '–' }) => printable(dateOf(recordedAt)), leaves: 2 },
    { title: 'from', cell: ({ upstream = '–' }) => printable(upstream), leaves: 4 },
  ]
  return columns.map(({ leaves, ...column }) =>
    column.title === sorted || leaves === undefined ? column : { ...column, leaves },
  )
}

/** How wide a cell is that says what was asked. */
const MAX_ASKED = 28

/** The model, or the call if it names none. */
function asked({ model, method, path }: Row): string {
  if (model) return printable(model)
  return method === undefined ? '–' : cutInTheMiddle(printable(`${method} ${path}`), MAX_ASKED)
}

/** `2026-11-24 10:49`, in UTC as it was written. */
const dateOf = (iso: string): string => iso.slice(0, 16).replace('T', ' ')
