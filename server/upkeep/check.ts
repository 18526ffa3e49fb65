/** What is wrong with one fixture: the text of its file → problems, each with its line. Pure. */
import { posix } from 'node:path'
import type { Follower } from '../api/api.ts'
import { isFailure } from '../api/ending.ts'
import { apiNamed, followerOf } from '../api/index.ts'
import type { AnswerRecord } from '../api/record.ts'
import { deltatape, marked } from '../base/command-line.ts'
import { DeltatapeError } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { codeAndCure } from '../base/system.ts'
import { type Beside, besideFrom } from '../fixture/beside.ts'
import { AFTER_END, CUT_OFF, DamageError } from '../fixture/damage.ts'
import { bodyHash, linesOf, parseLine } from '../fixture/file.ts'
import { layoutOf, parseUncheckedHeader } from '../fixture/header.ts'
import { type FixtureEnd, type FixtureHeader, eventsOf } from '../fixture/fixture.ts'
import { NAME_KEY_CHARS, fileName, keyOf } from '../fixture/key.ts'
import type { Match } from '../fixture/match.ts'
import { otherKey } from '../fixture/rules.ts'
import { parseRequest } from '../fixture/request.ts'
import { isWritten } from '../fixture/written.ts'
import { brokenOffIn } from '../redact/left.ts'
import { placeholderFor } from '../redact/match.ts'
import type { Redactor } from '../redact/redactor.ts'
import { besideName } from '../store/read/beside.ts'
import { type NumberedEvent, type NumberedLine, type Page, eventsIn, pagesOf, unredacted } from './leaks.ts'
import { type Problem, type ProblemKind, error, warning } from './problem.ts'

/** A file: its text, or why it has none. */
export type SourceFile = { readonly name: string } & (
  { readonly text: string; readonly beside?: Beside } | { readonly unreadable: string }
)

/** What was found in one file, and what is still to be searched for secrets. */
export interface Checked {
  readonly name: string
  /** The first line, if it can be read. */
  readonly header?: FixtureHeader
  readonly problems: Problem[]
  readonly pages: readonly Page[]
  /** The name of the file that stands beside it, or would. */
  readonly beside: string
  /** What the redactor found: the kinds in each line. */
  readonly secrets: ReadonlyMap<number, ReadonlySet<string>>
}

export interface CheckOptions {
  /** What was recorded before is too old; in ms since 1970. */
  readonly oldest: number | undefined
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
  /** The flags with which another command finds the same fixtures. */
  readonly flags: readonly string[]
}

/** Checks one file by itself. */
export async function checkFixture(
  file: SourceFile,
  redactor: Redactor,
  { oldest, match, flags }: CheckOptions,
): Promise<Checked> {
  const { name } = file
  if ('unreadable' in file) {
    const why = `it cannot be read: ${codeAndCure(file.unreadable)}`
    return { name, problems: [error(name, 1, 'damaged', why)], pages: [], beside: besideName(name), secrets: new Map() }
  }
  const { text, beside = besideFrom(undefined) } = file
  const lines = linesOf(text)
  const damage: Problem[] = []
  const header = attempt(damage, name, 'damaged', () => parseUncheckedHeader(lines[0] ?? '', name))
  const read = readLines(lines, { name, problems: damage, beside })
  const used = beside.used
  beside.close()
  const isWhole = damage.length === 0

  const problems = [
    ...damage,
    ...(header
      ? [...identityProblems(header, name, { redactor, match, flags }), ...ageProblems(header, name, oldest)]
      : []),
    ...timeProblems(read, name),
    // What could not be read would be missing here.
    ...(header && isWhole ? answerProblems(header, read, name) : []),
    ...(isWhole && header ? habitProblems(header, eventsIn(read), name) : []),
    ...(header ? brokenOffProblems(header, eventsIn(read), name) : []),
  ]
  const known = { text, lines, header, read }
  return {
    name,
    ...(header ? { header } : {}),
    problems,
    pages: pagesOf(known),
    beside: used ?? (isWhole ? '' : besideName(name)),
    secrets: await unredacted(known, redactor),
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

/** How many damaged lines of a file are looked at: after so many it is no fixture at all. */
const MAX_DAMAGED = 50

interface Reading {
  readonly name: string
  /** What is found is added here. */
  readonly problems: Problem[]
  readonly beside: Beside
}

/** The lines after the first that can be read. */
function readLines(lines: readonly string[], { name, problems, beside }: Reading): NumberedLine[] {
  const layout = layoutOf(lines[0] ?? '')
  const read: NumberedLine[] = []
  let ended = false
  let usedAt: number | undefined
  for (const [index, text] of lines.entries()) {
    const number = index + 1
    if (index === 0) continue
    if (problems.length > MAX_DAMAGED) {
      problems.push(error(name, number, 'damaged', 'its lines are not read any further: too many of them are damaged'))
      break
    }
    if (ended) {
      problems.push(error(name, number, 'damaged', AFTER_END))
      break
    }
    const isCut = number === lines.length && parseJson(text) === undefined
    const line = isCut
      ? undefined
      : attempt(problems, name, 'damaged', () => parseLine(text, layout, name, number, beside))
    if (beside.used !== undefined) usedAt ??= number
    if (isCut) problems.push(error(name, number, 'cut-off', 'it is cut off in the middle of this line'))
    else if (line) read.push({ number, line })
    ended = line !== undefined && 'ending' in line
    if (number === lines.length && line && !ended) problems.push(error(name, number, 'cut-off', CUT_OFF))
  }
  if (lines.length < 2) problems.push(error(name, 1, 'cut-off', CUT_OFF))
  const flaw = problems.length === 0 ? beside.flaw() : undefined
  if (flaw !== undefined) problems.push(error(name, usedAt ?? 1, 'damaged', flaw))
  return read
}

function identityProblems(
  header: FixtureHeader,
  name: string,
  { redactor, match, flags }: Pick<CheckOptions, 'match' | 'flags'> & { readonly redactor: Redactor },
): Problem[] {
  const problems: Problem[] = []
  const keys = [header.key]
  try {
    const expected = otherKey(header, match)
    if (expected !== undefined) {
      const isOfOthers = header.matchedBy ? header.matchedBy.rules !== match?.mark : header.key === keyOf(header)
      const why = isOfOthers
        ? `its key is of other rules of match: ${marked(deltatape('redact', '--apply', ...flags))} brings it along`
        : `its key is not that of its call, which begins ${expected.slice(0, NAME_KEY_CHARS)}`
      problems.push(error(name, 1, 'key', why))
      keys.push(expected)
    }
  } catch (thrown) {
    if (!(thrown instanceof DeltatapeError)) throw thrown
    problems.push(error(name, 1, 'key', thrown.message))
  }
  const own = posix.basename(name)
  if (keys.some((key) => own === fileName({ ...header, key }))) return problems
  // The words of a name may be those of a secret.
  const request = parseRequest(redactor.json(header.requestText, undefined, apiNamed(header.api).isWord))
  const expected = fileName({ ...header, request, key: keys.at(-1) ?? header.key })
  problems.push(error(name, 1, 'name', `its name should be ${expected}`))
  return problems
}

const DAY_MS = 24 * 60 * 60 * 1000

function ageProblems({ recorded }: FixtureHeader, name: string, oldest: number | undefined): Problem[] {
  const at = Date.parse(recorded.at)
  if (Number.isNaN(at)) return [error(name, 1, 'damaged', 'recorded.at is not a time')]
  // What is written does not age as an answer of an API does.
  if (oldest === undefined || at >= oldest || isWritten({ recorded })) return []
  const days = Math.ceil((oldest - at) / DAY_MS)
  return [
    error(name, 1, 'age', `it was recorded at ${recorded.at}, ${days} ${days === 1 ? 'day' : 'days'} too long ago`),
  ]
}

function timeProblems(read: readonly NumberedLine[], name: string): Problem[] {
  const problems: Problem[] = []
  let before = 0
  for (const { number, line } of read) {
    const at = 'record' in line ? line.record.at : line.endedAt
    if (at < before) problems.push(error(name, number, 'time', `its time runs backwards: ${at} ms after ${before} ms`))
    before = at
  }
  return problems
}

/** What is wrong with an answer that can be read to its end. */
function answerProblems(header: FixtureHeader, read: readonly NumberedLine[], name: string): Problem[] {
  const problems: Problem[] = []
  const records = read.flatMap(({ line }) => ('record' in line ? [line.record] : []))
  const last = read.at(-1)
  if (!last || !('ending' in last.line)) return []
  const { number, line: end } = last
  const answerId = apiNamed(header.api).answerId(header.call, eventsOf({ api: header.api, records }))
  if (header.responseId !== undefined && header.responseId !== answerId) {
    problems.push(error(name, 1, 'conversation', 'its response_id is not that of its answer'))
  }
  const contradiction = contradictionIn(header, records, end)
  if (contradiction !== undefined) problems.push(error(name, number, 'end', contradiction))
  if (end.sha256 !== undefined && end.sha256 !== bodyHash(records) && header.recorded.edited !== true) {
    problems.push(error(name, number, 'hash', EDITED))
  }
  return problems
}

const EDITED =
  'its body is not the one that was recorded. If the change is meant, add "edited":true to "recorded" in line 1; if not, record it again'

/** In which words the ending does not fit what came before it. */
function contradictionIn(
  { api, call, request, response }: FixtureHeader,
  records: readonly AnswerRecord[],
  { ending }: FixtureEnd,
): string | undefined {
  const { end } = ending
  const says = `it says ${JSON.stringify(end)}`
  if (!response) {
    if (!isFailure(ending)) return `${says}, and line 1 has no "response"`
    return records.length > 0 ? 'an answer came, and line 1 has no "response"' : undefined
  }
  if (end === 'unreachable') return `${says}, and line 1 has a "response"`
  const isRefused = response.status >= 400
  if ((end === 'refused') !== isRefused && !isFailure(ending)) return `${says}, and its status is ${response.status}`
  if (end === 'complete') {
    const follower = followerOf(apiNamed(api), { ...call, request }, response.status)
    for (const record of records) follower?.take(record)
    const told = follower?.end() ?? ending
    return told.end === 'complete' ? undefined : `${says}, and its answer is ${told.end}`
  }
  if (!isFailure(ending) || end === 'malformed') return undefined
  const last = endIn(records, followerOf(apiNamed(api), { ...call, request }, response.status))
  return last && `${says}, and ${last.event?.type || last.data || 'its end'} came before`
}

/** The record that ended an answer. After a failure that it tells of, the API still owes something, which may not have come. */
function endIn(records: readonly AnswerRecord[], follower: Follower | undefined): AnswerRecord | undefined {
  let last: AnswerRecord | undefined
  for (const record of records) {
    const isOver = follower?.take(record) === 'settling'
    last = isOver ? (last ?? record) : undefined
  }
  return last
}

/** The one warning about what the upstream does in its own way. */
function habitProblems({ api }: FixtureHeader, events: readonly NumberedEvent[], name: string): Problem[] {
  const habits = apiNamed(api).habits?.(events.map(({ event }) => event)) ?? []
  const found = habits
    .map(({ index, what }) => ({ line: events[index]?.number ?? 1, what }))
    .toSorted((a, b) => a.line - b.line)
  const [first] = found
  if (!first) return []
  const told = found.map(({ line, what }) => `${what} (line ${line})`).join('; ')
  return [warning(name, first.line, 'habit', `unusual, and replayed as it is: ${told}`)]
}

/** Where a secret was taken out, and its text goes on as if that had been too little. */
const brokenOffProblems = ({ api }: FixtureHeader, events: readonly NumberedEvent[], name: string): Problem[] =>
  brokenOffIn(
    events.map(({ event }) => event),
    apiNamed(api),
  ).map(({ kind, event }) => {
    const why = `its text goes on right behind ${placeholderFor(kind)}: a piece of the secret may be left. Look at it; if it is one, record it again`
    return warning(name, events[event]?.number ?? 1, 'secret', why)
  })
