/** What is wrong with one fixture: the text of its file → problems, each with its line. Pure. */
import { isTerminal, partOf, responseIdOf } from '../api/responses/events.ts'
import { EVENT_TYPES } from '../api/responses/types.ts'
import { DeltatapeError } from '../base/errors.ts'
import { parseJson, parseObject } from '../base/json.ts'
import { AFTER_END, CUT_OFF, DamageError, linesOf, parseLine, parseUncheckedHeader } from '../fixture/file.ts'
import type { FixtureHeader } from '../fixture/fixture.ts'
import { NAME_KEY_CHARS, fileName, keyFor } from '../fixture/key.ts'
import type { Redactor } from '../redact/redactor.ts'
import { type NumberedEvent, type NumberedLine, type Page, pagesOf, unredacted } from './leaks.ts'

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

/** Something that is wrong with a fixture. */
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

/** What was found in one file, and what is to be searched for secrets still. */
export interface Checked {
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

export const error = problem('error')

export const warning = problem('warning')

/**
 * Checks one file by itself.
 *
 * @param oldest what was recorded before is too old; in ms since 1970
 */
export function checkFixture(file: SourceFile, redactor: Redactor, oldest: number | undefined): Checked {
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
