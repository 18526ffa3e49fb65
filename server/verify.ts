/** What is wrong with fixtures: the texts of files → problems, each with its line. No file is touched here. */
import { DeltatapeError } from './errors.ts'
import { EVENT_TYPES } from './events.ts'
import {
  AFTER_END,
  CUT_OFF,
  DamageError,
  NAME_KEY_CHARS,
  fileName,
  keyFor,
  linesOf,
  parseLine,
  parseUncheckedHeader,
  responseIdOf,
  type FixtureHeader,
  type FixtureLine,
} from './fixture.ts'
import { parseJson, parseObject, type JsonValue } from './json.ts'
import { isTerminal, partOf, type ModelEvent } from './model/model.ts'
import type { Redactor } from './redact.ts'
import { findSecrets } from './secrets.ts'

/** What a problem is about. */
export type ProblemKind =
  | 'damaged'
  | 'cut-off'
  | 'key'
  | 'name'
  | 'duplicate'
  | 'conversation'
  | 'time'
  | 'sequence'
  | 'deltas'
  | 'end'
  | 'type'
  | 'secret'
  | 'age'
  | 'unused'

export interface Problem {
  /** The file's name. */
  readonly name: string
  /** Begins at 1. */
  readonly line: number
  readonly kind: ProblemKind
  readonly severity: 'error' | 'warning'
  readonly message: string
}

/** A file: its text, or why there is none. */
export type SourceFile = { readonly name: string } & ({ readonly text: string } | { readonly unreadable: string })

export interface VerifyOptions {
  /** What it would still redact is a secret. */
  readonly redactor: Redactor
  /** What was recorded before is too old; in ms since 1970. */
  readonly oldest?: number | undefined
  /** Whether the files are all that there are, so that a conversation has to find its beginning among them. */
  readonly whole: boolean
}

/** How much text is searched for secrets at once, in characters. */
const SEARCH_CHARS = 1024 * 1024

/**
 * Verifies files, in order. Gives all problems of one file at once, sorted by line, an empty list where there are none;
 * in the end those that show only when all files are known.
 */
export async function* verify(
  files: AsyncIterable<SourceFile>,
  { redactor, oldest, whole }: VerifyOptions,
): AsyncGenerator<readonly Problem[]> {
  const nameByKey = new Map<string, string>()
  const continued: { name: string; previousKey: string }[] = []
  let waiting: Checked[] = []
  let chars = 0

  const search = async (): Promise<Problem[][]> => {
    const pages = waiting.flatMap((checked) => checked.pages)
    const secrets = await findSecrets(pages.map(({ text }) => text))
    const byPage = new Map(pages.map((page, index) => [page, secrets[index] ?? []]))
    const done = waiting.map((checked) => {
      const kinds = new Map([...checked.secrets].map(([line, ours]) => [line, new Set(ours)]))
      for (const page of checked.pages) {
        for (const { offset, kind } of byPage.get(page) ?? []) addKind(kinds, page.lineAt(offset), kind)
      }
      const found = [...kinds].map(([line, each]): Problem => secretProblem(checked.name, line, [...each]))
      // A text of the file that is named in a message may hold one, too.
      const told = checked.problems.map((each) => ({ ...each, message: redactor.text(each.message) }))
      return [...told, ...found].toSorted((a, b) => a.line - b.line)
    })
    waiting = []
    chars = 0
    return done
  }

  for await (const file of files) {
    const checked = checkFixture(file, redactor, oldest)
    const { name, header } = checked
    if (header) {
      const other = nameByKey.get(header.key)
      if (other === undefined) nameByKey.set(header.key, name)
      else checked.problems.push(error(name, 1, 'duplicate', `${other} has the same key: only one of them is replayed`))
      if (header.previousKey !== undefined) continued.push({ name, previousKey: header.previousKey })
    }
    waiting.push(checked)
    chars += checked.pages.reduce((sum, { text }) => sum + text.length, 0)
    if (chars >= SEARCH_CHARS) yield* await search()
  }
  yield* await search()

  if (!whole) return
  const lost = continued.filter(({ previousKey }) => !nameByKey.has(previousKey))
  if (lost.length > 0) {
    const message = 'it continues an answer that no fixture here holds, so no conversation comes to it'
    yield lost.map(({ name }) => warning(name, 1, 'conversation', message))
  }
}

/** A text to search for secrets, and the line of the file that each place in it belongs to. */
interface Page {
  readonly text: string
  lineAt(offset: number): number
}

interface Checked {
  readonly name: string
  /** Where it could be read. */
  readonly header?: FixtureHeader
  readonly problems: Problem[]
  readonly pages: readonly Page[]
  /** What the redactor found: the kinds in each line. */
  readonly secrets: ReadonlyMap<number, ReadonlySet<string>>
}

const problem =
  (severity: Problem['severity']) =>
  (name: string, line: number, kind: ProblemKind, message: string): Problem => ({ name, line, kind, severity, message })
const error = problem('error')
const warning = problem('warning')

/** A rule of the redactor and one of secretlint for the same thing are named alike: it is told once. */
function secretProblem(name: string, line: number, kinds: readonly string[]): Problem {
  const plain = (kind: string) => kind.replaceAll('-', '')
  const told = kinds.filter(
    (kind) => !kinds.some((other) => other.length > kind.length && plain(other).startsWith(plain(kind))),
  )
  const what = told.length === 1 ? 'a secret' : 'secrets'
  return error(name, line, 'secret', `it holds ${what}: ${told.join(', ')}`)
}

function addKind(kinds: Map<number, Set<string>>, line: number, kind: string): void {
  const known = kinds.get(line)
  if (known) known.add(kind)
  else kinds.set(line, new Set([kind]))
}

function checkFixture(file: SourceFile, redactor: Redactor, oldest: number | undefined): Checked {
  const { name } = file
  if ('unreadable' in file) {
    const why = `it cannot be read: ${file.unreadable}`
    return { name, problems: [error(name, 1, 'damaged', why)], pages: [], secrets: new Map() }
  }
  const problems: Problem[] = []
  const lines = linesOf(file.text)
  const header = readHeader(lines[0] ?? '', name, problems)
  const read = readLines(lines, name, problems)
  const events = read.flatMap(({ number, line }) => ('event' in line ? [{ number, event: line.event }] : []))
  const ended = read.find(({ line }) => 'ending' in line)
  const isWhole = problems.every(({ kind }) => kind !== 'damaged' && kind !== 'cut-off')

  if (header) {
    problems.push(...identityProblems(header, name, redactor), ...ageProblems(header, name, oldest))
    const responseId = responseIdOf(events.map(({ event }) => event))
    if (isWhole && header.responseId !== undefined && header.responseId !== responseId) {
      problems.push(error(name, 1, 'conversation', 'its response_id is not that of its events'))
    }
  }
  problems.push(
    ...timeProblems(read, name),
    ...sequenceProblems(events, name),
    ...typeProblems(events, name),
    ...endProblems(events, ended, isWhole, name),
    // What cannot be read is missing in the sums.
    ...(isWhole ? deltaProblems(events, name, header?.recorded.trimmed ?? false) : []),
  )
  return {
    name,
    ...(header ? { header } : {}),
    problems,
    pages: pagesOf(file.text, lines, events),
    secrets: unredacted(lines, header, read, redactor),
  }
}

interface NumberedEvent {
  readonly number: number
  readonly event: ModelEvent
}

interface NumberedLine {
  readonly number: number
  readonly line: FixtureLine
}

/** Does what may throw a {@link DamageError}, which becomes a problem. */
function attempt<T>(problems: Problem[], name: string, kind: ProblemKind, read: () => T): T | undefined {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof DamageError)) throw thrown
    problems.push(error(name, thrown.line, kind, thrown.why))
    return undefined
  }
}

const readHeader = (line: string, name: string, problems: Problem[]): FixtureHeader | undefined =>
  attempt(problems, name, 'damaged', () => parseUncheckedHeader(line, name))

/** The lines behind the first that can be read. */
function readLines(lines: readonly string[], name: string, problems: Problem[]): NumberedLine[] {
  const read: NumberedLine[] = []
  let ended = false
  for (const [index, text] of lines.entries()) {
    const number = index + 1
    if (index === 0) continue
    if (ended) {
      problems.push(error(name, number, 'damaged', AFTER_END))
      break
    }
    const isCut = number === lines.length && parseJson(text) === undefined
    const line = isCut ? undefined : attempt(problems, name, 'damaged', () => parseLine(text, name, number))
    if (isCut) problems.push(error(name, number, 'cut-off', 'it is cut off in the middle of this line'))
    else if (line) read.push({ number, line })
    ended = line !== undefined && 'ending' in line
    if (number === lines.length && line && !ended) problems.push(error(name, number, 'cut-off', CUT_OFF))
  }
  if (lines.length < 2) problems.push(error(name, 1, 'cut-off', CUT_OFF))
  return read
}

function identityProblems(header: FixtureHeader, name: string, redactor: Redactor): Problem[] {
  const problems: Problem[] = []
  const keys = [header.key]
  try {
    const expected = keyFor(header.request, header.previousKey)
    if (header.key !== expected) {
      problems.push(
        error(name, 1, 'key', `its key is not that of its request, which begins ${expected.slice(0, NAME_KEY_CHARS)}`),
      )
    }
    keys.push(expected)
  } catch (thrown) {
    if (!(thrown instanceof DeltatapeError)) throw thrown
    problems.push(error(name, 1, 'key', thrown.message))
  }
  if (keys.some((key) => name === fileName({ request: header.request, key }))) return problems
  // The words of a name may be those of a secret.
  const request = parseObject(redactor.json(JSON.stringify(header.request))) ?? {}
  const expected = fileName({ request, key: keys.at(-1) ?? header.key })
  problems.push(error(name, 1, 'name', `its name should be ${expected}`))
  return problems
}

const DAY_MS = 24 * 60 * 60 * 1000

function ageProblems({ recorded }: FixtureHeader, name: string, oldest: number | undefined): Problem[] {
  const at = Date.parse(recorded.at)
  if (Number.isNaN(at)) return [error(name, 1, 'damaged', 'recorded.at is no time')]
  if (oldest === undefined || at >= oldest) return []
  const days = Math.ceil((oldest - at) / DAY_MS)
  return [
    error(name, 1, 'age', `it was recorded at ${recorded.at}, ${days} ${days === 1 ? 'day' : 'days'} too long ago`),
  ]
}

function timeProblems(read: readonly NumberedLine[], name: string): Problem[] {
  const problems: Problem[] = []
  let before = 0
  for (const { number, line } of read) {
    const at = 'event' in line ? line.event.at : line.endedAt
    if (at < before) problems.push(error(name, number, 'time', `its time runs backwards: ${at} ms after ${before} ms`))
    before = at
  }
  return problems
}

/** Numbers may begin anywhere, as an answer that was picked up does, and leave some out; and some upstreams have none. */
function sequenceProblems(events: readonly NumberedEvent[], name: string): Problem[] {
  const problems: Problem[] = []
  let before = -Infinity
  for (const { number, event } of events) {
    const sequence = event.body.sequence_number
    if (typeof sequence !== 'number') continue
    if (sequence <= before) {
      problems.push(error(name, number, 'sequence', `its sequence number is out of order: ${sequence} after ${before}`))
    }
    before = sequence
  }
  return problems
}

const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES)

/** Once for each type: the API may send a new one by the hundred. */
function typeProblems(events: readonly NumberedEvent[], name: string): Problem[] {
  const seen = new Set<string>()
  const problems: Problem[] = []
  for (const { number, event } of events) {
    if (KNOWN_TYPES.has(event.type) || seen.has(event.type)) continue
    seen.add(event.type)
    const what = event.type === '' ? 'an event without a type' : `the type ${JSON.stringify(event.type)}`
    problems.push(warning(name, number, 'type', `the installed OpenAI SDK does not know ${what}`))
  }
  return problems
}

/** The API sends `error`, and then `response.failed`. */
function endProblems(
  events: readonly NumberedEvent[],
  ended: NumberedLine | undefined,
  isWhole: boolean,
  name: string,
): Problem[] {
  const problems: Problem[] = []
  let end: string | undefined
  for (const { number, event } of events) {
    if (end !== undefined && !(end === 'error' && event.type === 'response.failed')) {
      problems.push(error(name, number, 'end', `an event of type ${JSON.stringify(event.type)} comes after ${end}`))
    }
    if (isTerminal(event) && (end === undefined || end === 'error')) end = event.type
  }
  if (!ended || !isWhole || !('ending' in ended.line)) return problems
  const { end: said } = ended.line.ending
  if (said === 'complete' && end === undefined) {
    problems.push(error(name, ended.number, 'end', 'it says "complete", and no terminal event came'))
  } else if (said !== 'complete' && end !== undefined && end !== 'error') {
    problems.push(error(name, ended.number, 'end', `it says ${JSON.stringify(said)}, and ${end} came before`))
  }
  return problems
}

/** The members that hold a part's whole text, in the events that end a part. */
const WHOLE_TEXT = ['text', 'refusal', 'arguments', 'code', 'input'] as const

function deltaProblems(events: readonly NumberedEvent[], name: string, trimmed: boolean): Problem[] {
  const problems: Problem[] = []
  const parts = new Map<string, string>()
  for (const { number, event } of events) {
    const { body, type } = event
    if (typeof body.delta === 'string' && type.endsWith('.delta')) {
      const part = partOf(event)
      parts.set(part, (parts.get(part) ?? '') + body.delta)
    } else if (type.endsWith('.done')) {
      const part = partOf(event)
      const joined = parts.get(part)
      const text = WHOLE_TEXT.map((member) => body[member]).find((value) => typeof value === 'string')
      parts.delete(part)
      // A part may come at once, without deltas.
      if (joined === undefined || text === undefined || joined === text) continue
      const message = `the deltas of this part do not add up to its text: they differ from character ${firstDifference(joined, text)} on`
      problems.push(problem(trimmed ? 'warning' : 'error')(name, number, 'deltas', message))
    }
  }
  return problems
}

/** The first character that differs; it begins at 1. */
function firstDifference(a: string, b: string): number {
  let index = 0
  while (index < a.length && a[index] === b[index]) index++
  return index + 1
}

/** What the redactor would take out if it was recorded now: the kinds in each line. */
function unredacted(
  lines: readonly string[],
  header: FixtureHeader | undefined,
  read: readonly NumberedLine[],
  redactor: Redactor,
): Map<number, Set<string>> {
  const kinds = new Map<number, Set<string>>()
  const add = (number: number) => (kind: string) => addKind(kinds, number, kind)
  if (header) redactor.json(JSON.stringify(header.request), add(1))
  const numbers = new Map<ModelEvent, number>()
  const rest = new Set(lines.map((_line, index) => index + 1))
  for (const { number, line } of read) {
    rest.delete(number)
    if ('event' in line) numbers.set(line.event, number)
    // Each as it was redacted when it was recorded: a body is JSON of its own.
    else for (const fact of Object.values(line.ending)) redactor.body(textOf(fact), add(number))
  }
  redactor.events([...numbers.keys()], (kind, event) => add(numbers.get(event) ?? 1)(kind))
  if (header) rest.delete(1)
  for (const number of rest) redactor.body(lines[number - 1] ?? '', add(number))
  return kinds
}

const textOf = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))

/**
 * What is searched by secretlint: the file as it stands; of lines with escapes their strings, too, since an escape may
 * stand within a secret; and the deltas of each part as one text, where it stands nowhere else.
 */
function pagesOf(text: string, lines: readonly string[], events: readonly NumberedEvent[]): Page[] {
  const pages: Page[] = [{ text, lineAt: (offset) => text.slice(0, offset).split('\n').length }]
  const seen = new Set<string>()
  const eventAt = new Map(events.map(({ number, event }) => [number, event]))
  for (const [index, line] of lines.entries()) {
    if (!line.includes('\\')) continue
    const strings: string[] = []
    gatherStrings(eventAt.get(index + 1)?.body ?? parseJson(line), seen, strings)
    if (strings.length > 0) pages.push({ text: strings.join('\n\0\n'), lineAt: () => index + 1 })
  }
  const deltas = events.filter(({ event }) => typeof event.body.delta === 'string')
  const parts = Map.groupBy(deltas, ({ event }) => partOf(event))
  for (const part of parts.values()) {
    if (part.length > 1) pages.push(pageOfPart(part))
  }
  return pages
}

function pageOfPart(part: readonly NumberedEvent[]): Page {
  const deltas = part.map(({ number, event }) => ({ number, delta: String(event.body.delta) }))
  return {
    text: deltas.map(({ delta }) => delta).join(''),
    lineAt(offset) {
      let end = 0
      return deltas.find(({ delta }) => (end += delta.length) > offset)?.number ?? 1
    },
  }
}

function gatherStrings(value: JsonValue | undefined, seen: Set<string>, strings: string[]): void {
  if (typeof value === 'string') {
    if (seen.has(value)) return
    seen.add(value)
    strings.push(value)
  } else if (Array.isArray(value)) {
    for (const member of value) gatherStrings(member, seen, strings)
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      gatherStrings(name, seen, strings)
      gatherStrings(member, seen, strings)
    }
  }
}
