/** `deltatape diff`: what differs between two fixtures, or between one or all and what was committed of them. */
import { Command } from 'commander'
import { EXIT } from '../base/errors.ts'
import { asText } from '../base/json.ts'
import { printable, printableLines } from '../base/text.ts'
import { type Comparison, compare } from '../fixture/compare.ts'
import { memberText, runText } from '../fixture/compared.ts'
import type { MemberChange } from '../fixture/members.ts'
import { type Change, differenceIn, marked } from '../fixture/words.ts'
import { readCommitted } from '../store/committed.ts'
import { pick, readFixture } from '../store/pick.ts'
import { type Since, changedSince } from '../upkeep/since.ts'
import { type Context, type Define } from './command.ts'
import { addFixtures, fixturesOf } from './fixtures.ts'
import type { Terminal } from './terminal.ts'

interface Options {
  readonly against: string
  readonly json?: true
}

export const defineDiff: Define = (context) =>
  addFixtures(new Command('diff'))
    .argument(
      '[fixture]',
      'how its name or key begins, with or without .jsonl, or the path of a file; without it all are compared with what git has of them',
    )
    .argument('[other]', 'the one to compare it with; without it the first is compared with what git has of it')
    .option('--against <revision>', 'the commit, branch or tag to compare it with', 'HEAD')
    .option('--json', 'write it as JSON: the two names, and what differs by its kind')
    .addHelpText(
      'after',
      `
Words in [-…-] are of the first only, or of the committed version; words in
{+…+} of the other. Ids, timestamps and padding differ in every recording and
are left out; times are shown, and do not count.

Exit codes: 0 nothing differs, 1 something does, 2 they cannot be compared.

Examples:
  npx deltatape diff                               all of them with HEAD
  npx deltatape diff my-name-is-ada-1              with HEAD
  npx deltatape diff my-name-is-ada-1 --against main~3
  npx deltatape diff my-name-is-ada-1 my-name-is-ada-7`,
    )
    .action((word: string | undefined, other: string | undefined, options: Options, command: Command) =>
      word === undefined ? diffAll(context, options, command) : diff(context, [word, other], options, command),
    )

type Words = readonly [word: string, other: string | undefined]

async function diff(context: Context, [word, other]: Words, options: Options, command: Command): Promise<void> {
  const { terminal } = context
  const { store } = fixturesOf(command, context)
  const picked = await pick(store, word)
  const given = await readFixture(picked)
  const [before, after] =
    other === undefined
      ? [await readCommitted(picked, options.against), given]
      : [given, await readFixture(await pick(store, other))]
  const comparison = compare(before, after)
  if (!comparison.same) context.exit(EXIT.found)
  const names = { before: before.name, after: after.name }
  terminal.write(
    options.json
      ? JSON.stringify({ ...names, ...comparison }, null, 2)
      : linesOf(names, comparison, terminal).join('\n'),
  )
}

async function diffAll(context: Context, { against, json }: Options, command: Command): Promise<void> {
  const { terminal } = context
  const { store } = fixturesOf(command, context)
  const all: Since[] = []
  for await (const each of changedSince(store, against)) {
    all.push(each)
    if (each.outcome !== 'changed' || json) continue
    terminal.write(`${linesOf(each.versions, each.versions, terminal).join('\n')}\n`)
  }
  const outcomes = new Set(all.map(({ outcome }) => outcome))
  if (outcomes.has('damaged')) context.exit(EXIT.notLooked)
  else if (outcomes.has('changed') || outcomes.has('new') || outcomes.has('gone')) context.exit(EXIT.found)
  const told = all.filter(({ outcome }) => outcome !== 'untouched')
  terminal.write(json ? JSON.stringify({ against, fixtures: told }, null, 2) : summary(all, against, terminal))
}

/** What became of all, behind what differs in each. */
function summary(all: readonly Since[], against: string, { style }: Terminal): string {
  const of = (wanted: Since['outcome']) => all.filter(({ outcome }) => outcome === wanted)
  const listed = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [[style('bold', title), ...limited(lines)].join('\n')]
  const names = (wanted: Since['outcome']) => of(wanted).map(({ name }) => `  ${printable(name)}`)
  const reasons = all.flatMap((each) => (each.outcome === 'damaged' ? `  ${printable(each.why)}` : []))
  const count = (wanted: Since['outcome']) => of(wanted).length.toLocaleString('en')
  return [
    ...listed(`New since ${printable(against)}`, names('new')),
    ...listed(`Gone since ${printable(against)}`, names('gone')),
    ...listed('Not compared', reasons),
    [
      `${count('changed')} changed, ${count('new')} new, ${count('gone')} gone`,
      `${count('same')} with other ids and times alone, ${count('untouched')} untouched`,
      ...(reasons.length > 0 ? [`${count('damaged')} not compared`] : []),
    ].join(', '),
  ].join('\n\n')
}

function linesOf(
  names: { readonly before: string; readonly after: string },
  { same, request, ending, headers, answer, output, body, usage, events, members, timing }: Comparison,
  terminal: Terminal,
): string[] {
  const { style } = terminal
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', style('bold', title), ...limited(lines)]
  const member = (change: MemberChange) => memberLine(change, terminal)
  const sign = (text: string) => {
    const colour = SIGNS[text[0] ?? '']
    return colour === undefined ? text : style(colour, text)
  }
  const { firstDelta, duration } = timing
  return [
    style('red', `--- ${printable(names.before)}`),
    style('green', `+++ ${printable(names.after)}`),
    ...(same ? ['', 'Nothing differs but ids and times.'] : []),
    ...section('Request', request.map(member)),
    ...section('Ended', ending.map(member)),
    ...section('Headers', headers.map(member)),
    ...(answer.length === 0 ? [] : ['', style('bold', 'Answer'), answerText(answer, terminal)]),
    ...section('Output', output.map(member)),
    ...section('Body', body.map(member)),
    ...section(
      'Events',
      events.map((run) => sign(printable(runText(run)))),
    ),
    ...section(
      'Members of events',
      members.map((each) => printable(memberText(each))),
    ),
    ...section('Usage', usage.map(member)),
    ...section('Timing', [
      `first delta ${ms(firstDelta.before)} → ${ms(firstDelta.after)}, total ${ms(duration.before)} → ${ms(duration.after)}`,
    ]),
  ]
}

const SIGNS: Readonly<Record<string, 'red' | 'green'>> = { '-': 'red', '+': 'green' }

const ms = (time: number | undefined): string => (time === undefined ? '–' : `${Math.round(time)} ms`)

/** How many lines a section has at most. `--json` has all. */
const MAX_LINES = 40

const limited = (lines: readonly string[]): readonly string[] =>
  lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more`] : lines

/** How much of a value is shown, in characters. */
const MAX_VALUE_CHARS = 200

/** A member that differs: word by word if both values have words in common, or else value by value. */
function memberLine({ name, before, after }: MemberChange, terminal: Terminal): string {
  const [left, right] = [before, after].map((value) => (value === undefined ? '' : asText(value)))
  const changes = differenceIn(left ?? '', right ?? '') ?? [
    { kind: 'removed', text: cut(left ?? '') },
    { kind: 'added', text: cut(right ?? '') },
  ]
  const shown = changes.filter(({ text }) => text !== '').map((change) => changeText(change, terminal, printable))
  return `${printable(name)}  ${shown.join('')}`
}

const cut = (text: string): string =>
  text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS).toWellFormed()}…` : text

function changeText(change: Change, { style }: Terminal, escape: (text: string) => string): string {
  const text = escape(marked(change))
  if (change.kind === 'kept') return text
  return style(change.kind === 'removed' ? 'red' : 'green', text)
}

/** How much text that is the same is shown on each side of a difference, in characters. */
const CONTEXT_CHARS = 200

function answerText(answer: readonly Change[], terminal: Terminal): string {
  return answer
    .map((change, index) => {
      if (change.kind !== 'kept') return changeText(change, terminal, printableLines)
      const { text } = change
      const [head, tail] = [
        index === 0 ? '' : text.slice(0, CONTEXT_CHARS),
        index === answer.length - 1 ? '' : text.slice(-CONTEXT_CHARS),
      ]
      return printableLines(head.length + tail.length < text.length ? `${head}…${tail}`.toWellFormed() : text)
    })
    .join('')
}
