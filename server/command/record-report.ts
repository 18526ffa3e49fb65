/** What `deltatape record` tells at its end: what became of each fixture, what is alike told once. Pure. */
import { EXIT, type ExitCode } from '../base/errors.ts'
import { printable } from '../base/text.ts'
import { type Drift, groupDrifts } from '../upkeep/drift.ts'
import { type Entry, type Task, totalOf } from '../upkeep/sending.ts'
import { cutInTheMiddle, widthOf } from './table.ts'
import { type Terminal, counted } from './terminal.ts'

/** How the process is to end. */
export function exitCodeOf(task: Task, entries: readonly Entry[]): ExitCode {
  const has = (...outcomes: Entry['outcome'][]) => entries.some(({ outcome }) => outcomes.includes(outcome))
  if (has('not_sent') || !has('refreshed', 'unchanged', 'same', 'differs')) return EXIT.notLooked
  if (has('failed')) return task === 'check' ? EXIT.notLooked : EXIT.found
  return has('differs') ? EXIT.found : EXIT.fine
}

/** The report for programs. */
export function toJson(task: Task, entries: readonly Entry[]): string {
  const report = {
    task,
    fixtures: entries.map(({ name, api, host, outcome, why, tokens }) => ({ name, api, host, outcome, why, tokens })),
    drift: driftIn(entries).flatMap(({ drifts, fixtures }) => drifts.map((drift) => ({ ...drift, fixtures }))),
    tokens: totalOf(entries),
  }
  return JSON.stringify(report, null, 2)
}

/** The report for people. */
export function toText(task: Task, entries: readonly Entry[], terminal: Terminal): string {
  const drifts = driftIn(entries).map(({ fixtures, drifts: found }) =>
    [
      terminal.style('yellow', `drift in ${counted(fixtures.length, 'fixture')}`),
      ...driftLines(found, terminal),
      ...namesLines(fixtures).map((name, index) => (index === 0 ? `  in ${name}` : `     ${name}`)),
    ].join('\n'),
  )
  const others = (['unchanged', 'skipped', 'failed'] as const).flatMap((outcome) => {
    const told = entries.filter((entry) => entry.outcome === outcome && entry.why !== undefined)
    return [...Map.groupBy(told, ({ why = '' }) => why)].map(([why, alike]) => {
      const head = `${WORDS[task][outcome]} (${number(alike.length)}): ${printable(why)}`
      const names = namesLines(alike.map(({ name }) => name))
      return [
        ...wrap(head, terminal.columns, '').map((line) => terminal.style(outcome === 'failed' ? 'red' : 'dim', line)),
        ...names.map((name) => `  ${name}`),
      ].join('\n')
    })
  })
  return [...drifts, ...others, ...byApi(task, entries, terminal), summary(task, entries)].join('\n\n')
}

const driftIn = (entries: readonly Entry[]) => groupDrifts(entries.map(({ name, drifts = [] }) => ({ name, drifts })))

/** The words for what became of fixtures. */
const WORDS: Readonly<Record<Task, Readonly<Record<Entry['outcome'], string>>>> = {
  record: {
    refreshed: 'refreshed',
    unchanged: 'unchanged',
    same: 'the same',
    differs: 'different',
    failed: 'failed',
    skipped: 'skipped',
    not_sent: 'not done',
  },
  check: {
    refreshed: 'refreshed',
    unchanged: 'unchanged',
    same: 'the same',
    differs: 'with drift',
    failed: 'could not check',
    skipped: 'skipped',
    not_sent: 'not done',
  },
}

/** What is counted, in this order. */
const COUNTED: Readonly<Record<Task, readonly Entry['outcome'][]>> = {
  record: ['refreshed', 'unchanged', 'failed', 'skipped', 'not_sent'],
  check: ['same', 'differs', 'failed', 'skipped', 'not_sent'],
}

/** What became of the fixtures of each API and host, if there are several: one block of lines. */
function byApi(task: Task, entries: readonly Entry[], terminal: Terminal): string[] {
  const groups = [...Map.groupBy(entries, nameOfApi)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (groups.length < 2) return []
  const shown = groups.slice(0, MAX_GROUPS)
  const width = shown.reduce((most, [name]) => Math.max(most, widthOf(name)), 0)
  const lines = shown.flatMap(([name, own]) => {
    const counts = countsOf(task, own).filter(({ count }) => count > 0)
    const told = counts.map(({ count, outcome }) => `${number(count)} ${WORDS[task][outcome]}`).join(', ')
    return wrap(`${name}${' '.repeat(width - widthOf(name))}  ${told}`, terminal.columns, '')
  })
  const rest = groups.length - shown.length
  return [[...lines, ...(rest > 0 ? [`and ${number(rest)} more`] : [])].join('\n')]
}

/** How many APIs and hosts are told apart, and how long the name of one is: a file may say anything. */
const MAX_GROUPS = 40
const MAX_NAME = 46

/** `chat-completions at api.mistral.ai` */
const nameOfApi = ({ api, host }: Entry): string =>
  api === undefined ? 'unknown' : cutInTheMiddle(printable(host === undefined ? api : `${api} at ${host}`), MAX_NAME)

const countsOf = (task: Task, entries: readonly Entry[]) =>
  COUNTED[task].map((outcome) => ({ outcome, count: entries.filter((entry) => entry.outcome === outcome).length }))

const number = (value: number): string => value.toLocaleString('en')

function summary(task: Task, entries: readonly Entry[]): string {
  const counts = countsOf(task, entries).flatMap(({ outcome, count }) => {
    const always = outcome !== 'skipped' && outcome !== 'not_sent'
    return count > 0 || always ? [`${number(count)} ${WORDS[task][outcome]}`] : []
  })
  const { input, output } = totalOf(entries)
  return `${counts.join(', ')}\n${number(input)} tokens in, ${number(output)} out`
}

const NAMES_SHOWN = 3

/** The first few of some names, and how many more there are. */
function namesLines(names: readonly string[]): string[] {
  if (names.length <= NAMES_SHOWN + 1) return names.map(printable)
  return [...names.slice(0, NAMES_SHOWN).map(printable), `and ${number(names.length - NAMES_SHOWN)} more`]
}

function driftLines(drifts: readonly Drift[], terminal: Terminal): string[] {
  const byEvent = [...Map.groupBy(drifts, ({ event }) => event)]
  return byEvent.flatMap(([event, found]) => {
    const lines = found.flatMap((drift) => {
      const { sign, text } = inWords(drift)
      return wrap(`${sign} ${printable(text)}`, terminal.columns, '    ').map((line) =>
        terminal.style(COLOURS[sign], line),
      )
    })
    return [`  ${printable(event)}`, ...lines]
  })
}

const COLOURS = { '+': 'green', '-': 'red', '~': 'yellow' } as const

function inWords(drift: Drift): { readonly sign: keyof typeof COLOURS; readonly text: string } {
  switch (drift.kind) {
    case 'event_added':
      return { sign: '+', text: 'this type of event is new' }
    case 'event_removed':
      return { sign: '-', text: 'this type of event comes no more' }
    case 'added':
      return { sign: '+', text: `${drift.path}: ${drift.is}` }
    case 'removed':
      return { sign: '-', text: `${drift.path}: ${drift.was}` }
    case 'optional':
      return { sign: '-', text: `${drift.path}: ${drift.was}, which only some have now` }
    case 'changed':
      return { sign: '~', text: `${drift.path}: ${drift.was} → ${drift.is}` }
  }
}

/** Breaks a text between words. Each line is indented, the later ones by two columns more. */
function wrap(text: string, columns: number, indent: string): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = `${indent}  ${word}`
    } else {
      line = line.trim() === '' ? `${line}${word}` : `${line} ${word}`
    }
  }
  return [...lines, line]
}
