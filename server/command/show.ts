/** `deltatape show`: all of one fixture, for people. */
import { Command } from 'commander'
import type { Headers } from '../api/headers.ts'
import { type JsonObject, asText } from '../base/json.ts'
import { printable, printableLines } from '../base/text.ts'
import type { StoredFixture } from '../fixture/fixture.ts'
import type { CallFacts } from '../fixture/key.ts'
import { type Summary, summarize } from '../fixture/summary.ts'
import { type Row, draw, timelineOf } from '../fixture/timeline.ts'
import { isWritten } from '../fixture/written.ts'
import { pick, readFixture } from '../store/pick.ts'
import { bodyLines } from './body.ts'
import { type Define, endingStyle } from './command.ts'
import { addFixtures, fixturesOf } from './fixtures.ts'
import { type Terminal, counted } from './terminal.ts'

/** What `--json` writes: the summary of a fixture, and what only this shows. Times are in ms since the call was sent. */
interface Shown extends Omit<Summary, 'events'> {
  /** The file name. */
  readonly name: string
  readonly request: JsonObject
  /** The key of the fixture whose answer the call continues. */
  readonly previousKey: string | undefined
  /** The headers of the answer, as far as they are kept. */
  readonly headers: Headers
  /** The pieces of the answer by family, with the time of each. */
  readonly timeline: ReturnType<typeof timelineOf>
}

interface Options {
  readonly json?: boolean
  readonly open?: boolean
}

export const defineShow: Define = (context) =>
  addFixtures(new Command('show'))
    .argument('<fixture>', 'how its name or key begins, with or without .jsonl, or the path of a file')
    .option('--json', 'write it as JSON, with the time of every event')
    .option('--open', 'show it in a browser, until Ctrl-C')
    .addHelpText(
      'after',
      `
The higher a block in the timeline, the more events came in that stretch of
time.

Examples:
  npx deltatape show my-name-is-ada-1
  npx deltatape show 3bb5b98
  npx deltatape show 3bb5b98 --open
  npx deltatape show old/my-name-is-ada-183f01058d02.jsonl --json | jq .usage`,
    )
    .action(async (word: string, { json = false, open = false }: Options, command: Command) => {
      const { terminal } = context
      const { store } = fixturesOf(command, context)
      const picked = await pick(store, word)
      if (open) {
        const { showPage } = await import('./page.ts')
        return showPage(picked, store, command, context)
      }
      const fixture = await readFixture(picked)
      const shown = shownOf(fixture)
      terminal.write(
        json
          ? JSON.stringify(shown, null, 2)
          : linesOf(shown, bodyLines(fixture, terminal.columns), terminal).join('\n'),
      )
    })

function shownOf(fixture: StoredFixture): Shown {
  const { events: _count, ...summary } = summarize(fixture)
  return {
    name: fixture.name,
    ...summary,
    request: fixture.request,
    previousKey: fixture.previousKey,
    headers: fixture.response?.headers ?? [],
    timeline: timelineOf(fixture),
  }
}

/** @param body is shown if the answer has no text of its own */
function linesOf(shown: Shown, body: readonly string[], terminal: Terminal): string[] {
  const { name, key, take, api, model, call, recordedAt, upstream, previousKey } = shown
  const { request, output, usage, ending, why } = shown
  const title = (text: string) => ['', terminal.style('bold', text)]
  const fact = (what: string, value: string) => `${terminal.style('dim', what.padEnd(11))}${printable(value)}`
  const items = output.filter(({ type }) => type !== 'message').map((item) => printable(outputText(item)))
  const answer = shown.answer || (items.length === 0 ? body.join('\n') : '')
  return [
    terminal.style('bold', printable(name)),
    fact('key', key),
    ...(take === undefined ? [] : [fact('take', String(take))]),
    fact('call', callText(call)),
    fact('api', model === '' ? api : `${api}, model ${model}`),
    ...(previousKey === undefined ? [] : [fact('continues', previousKey)]),
    isWritten({ recorded: { at: recordedAt, upstream } })
      ? fact('written', 'for this call, and not recorded')
      : fact('recorded', `${recordedAt} from ${upstream}`),
    fact('answer', headText(shown)),
    ...shown.headers
      .filter(([header]) => header !== 'content-type')
      .map(([header, value]) => fact('', `${header}: ${value}`)),
    ...title('Request'),
    printableLines(JSON.stringify(request, null, 2)),
    ...title('Answer'),
    ...(answer.trim() === '' ? [terminal.style('dim', 'no text')] : [printableLines(answer)]),
    ...items,
    ...title('Timeline'),
    ...draw(shown.timeline, shown.firstDeltaMs, terminal.columns).map((row) => rowText(row, terminal)),
    ...(usage ? [...title('Usage'), ...usageLines(usage)] : []),
    ...title('Ended'),
    `${terminal.style(endingStyle(ending), ending)} after ${Math.round(shown.durationMs)} ms`,
    ...(why === undefined ? [] : [printable(why)]),
  ]
}

/** `POST /v1/embeddings?user=me at api.example.com`, and the headers that count. */
function callText({ method, path, host, query = [], headers = {} }: CallFacts): string {
  const search = query.map(([name, value]) => `${name}=${value}`).join('&')
  const where = host === undefined ? '' : ` at ${host}`
  const counting = Object.entries(headers).map(([name, value]) => `, ${name}: ${value}`)
  return `${method} ${path}${search === '' ? '' : `?${search}`}${where}${counting.join('')}`
}

/** `200 text/event-stream, 1,234 bytes` */
function headText({ status, headers, bytes }: Shown): string {
  if (status === undefined) return 'none'
  const type = headers.find(([name]) => name === 'content-type')?.[1]
  return `${status}${type === undefined ? '' : ` ${type}`}, ${counted(bytes, 'byte')}`
}

/** `function_call get_weather {"city":"Paris"}` */
const outputText = (item: JsonObject): string =>
  ['type', 'name', 'arguments'].flatMap((name) => (item[name] === undefined ? [] : [asText(item[name])])).join(' ')

const rowText = ({ kind, label, bar, note }: Row, terminal: Terminal): string => {
  const styled =
    kind === 'lane' ? terminal.style('cyan', bar) : terminal.style(kind === 'scale' ? 'dim' : 'yellow', bar)
  return `${terminal.style('dim', label)}  ${styled}  ${note}`.trimEnd()
}

/** The numbers, each with its path: the API nests some. */
const usageLines = (usage: JsonObject, path = ''): string[] =>
  Object.entries(usage).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? usageLines(value, `${path}${name}.`)
      : [printable(`${path}${name} ${asText(value)}`)],
  )
