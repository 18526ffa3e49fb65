/** `deltatape show`: all of one fixture, for people. */
import { Command } from 'commander'
import { type JsonObject, asText } from '../base/json.ts'
import { printable, printableLines } from '../base/text.ts'
import { type Summary, summarize } from '../fixture/summary.ts'
import { type Row, draw, timelineOf } from '../fixture/timeline.ts'
import { pick, readFixture } from '../store/pick.ts'
import { type Define, addVariables, configFrom, endingStyle } from './command.ts'
import type { Terminal } from './terminal.ts'

/** What `--json` writes: the summary of a fixture, and what only this shows. Times are in ms since the request was sent. */
interface Shown extends Omit<Summary, 'events'> {
  /** The file name. */
  readonly name: string
  readonly request: JsonObject
  /** The key of the fixture whose answer the request continues. */
  readonly previousKey: string | undefined
  /** The events by family, with the time of each. */
  readonly timeline: ReturnType<typeof timelineOf>
}

export const defineShow: Define = ({ env, terminal }) => {
  const command = new Command('show')
    .description('Shows one fixture: what was asked, the answer as it streamed, when which events came, how it ended.')
    .argument('<fixture>', 'how its name or key begins, with or without .jsonl, or the path of a file')
    .option('--json', 'write it as JSON, with the time of every event')
    .addHelpText(
      'after',
      `
The higher a block in the timeline, the more events came in that stretch of
time.

Examples:
  deltatape show my-name-is-ada-3
  deltatape show 3bb5b98
  deltatape show old/my-name-is-ada-3bb5b98998fd.jsonl --json | jq .usage`,
    )
  addVariables(command, 'FIXTURES_DIR')

  return command.action(async (word: string, { json = false }: { json?: boolean }) => {
    const { fixturesDir } = configFrom(command, env, 'FIXTURES_DIR')
    const fixture = await readFixture(await pick(fixturesDir, word))
    const { events: _count, ...summary } = summarize(fixture)
    const shown: Shown = {
      name: fixture.name,
      ...summary,
      request: fixture.request,
      previousKey: fixture.previousKey,
      timeline: timelineOf(fixture.events, fixture.endedAt),
    }
    terminal.write(json ? JSON.stringify(shown, null, 2) : linesOf(shown, terminal).join('\n'))
  })
}

function linesOf(shown: Shown, terminal: Terminal): string[] {
  const { name, key, recordedAt, upstream, previousKey, request, answer, output, usage, ending, why } = shown
  const title = (text: string) => ['', terminal.style('bold', text)]
  const fact = (what: string, value: string) => `${terminal.style('dim', what.padEnd(11))}${printable(value)}`
  return [
    terminal.style('bold', printable(name)),
    fact('key', key),
    ...(previousKey === undefined ? [] : [fact('continues', previousKey)]),
    fact('recorded', `${recordedAt} from ${upstream}`),
    ...title('Request'),
    printableLines(JSON.stringify(request, null, 2)),
    ...title('Answer'),
    ...(answer === '' ? [terminal.style('dim', 'no text')] : [printableLines(answer)]),
    ...output.filter(({ type }) => type !== 'message').map((item) => printable(outputText(item))),
    ...title('Timeline'),
    ...draw(shown.timeline, shown.firstDeltaMs, terminal.columns).map((row) => rowText(row, terminal)),
    ...(usage ? [...title('Usage'), ...usageLines(usage)] : []),
    ...title('Ended'),
    `${terminal.style(endingStyle(ending), ending)} after ${Math.round(shown.durationMs)} ms`,
    ...(why === undefined ? [] : [printable(why)]),
  ]
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
