/** Redacts the records of one answer: secrets that are split over several are found as well. */
import { dataOf } from '../api/framing/framing.ts'
import { rewritten } from '../api/framing/index.ts'
import type { AnswerRecord } from '../api/record.ts'
import { nextTurn } from '../base/clock.ts'
import { replacementsIn } from '../base/json-text.ts'
import { parseJson } from '../base/json.ts'
import { type FoundIn, redactBytes } from './bytes.ts'
import { type Document, type Row, type Search, documentOf, findInDocuments } from './documents.ts'
import { type Found, type Match, matchesInPieces, merged, replace } from './match.ts'

/** What records are redacted with. */
export interface Tools extends Search {
  /** The members of an event at the paths of the user's rules. */
  readonly membersIn: (json: string) => Match[]
}

/** What is redacted as one: a record of a stream, or pieces that follow each other of a body without events. */
interface Run {
  readonly records: readonly AnswerRecord[]
  readonly text: string
  /** The JSON texts in it, and where each begins. */
  readonly documents: readonly Part[]
  /** What around them may hold: a text of somebody, lines of a protocol, or nothing. */
  readonly around: 'text' | 'protocol' | 'nothing'
}

interface Part {
  readonly start: number
  readonly document: Document
}

/**
 * The records with their secrets taken out, as many as there were; the very same list if they hold none. What takes
 * long is done in pieces.
 */
export async function redactRecords(
  records: readonly AnswerRecord[],
  row: Row,
  tools: Tools,
  found: FoundIn = () => {},
): Promise<readonly AnswerRecord[]> {
  return redactTexts(await redactBytes(records, tools.finder, found), row, tools, found)
}

async function redactTexts(
  records: readonly AnswerRecord[],
  row: Row,
  tools: Tools,
  found: FoundIn,
): Promise<readonly AnswerRecord[]> {
  const runs = runsOf(records)
  const documents = runs.flatMap((run) => run.documents.map(({ document }) => document))
  const inDocuments = await findInDocuments(documents, row, tools)
  const hasAny = inDocuments.some((matches) => matches.length > 0)
  const inTexts = inPlainTexts(runs, tools)
  const inData = { ...tools, surroundings: createSurroundings(tools) }
  let next = 0
  let isChanged = false
  const rewrite = (run: Run): readonly AnswerRecord[] => {
    const inside = run.documents.flatMap(({ start, document: { text } }) => {
      const more = hasAny ? logprobsIn(text) : []
      const all = merged(text, [...tools.membersIn(text), ...more, ...(inDocuments[next++] ?? [])])
      return all.map((match) => ({ ...match, start: start + match.start, end: start + match.end }))
    })
    inside.push(...(inTexts.get(run) ?? []))
    const [only] = run.records
    const written =
      only && dataOf(only) !== undefined
        ? [rewriteData(only, inside, run, inData, found)]
        : rewriteRun(run, inside, tools, found)
    isChanged ||= written.some((record, index) => record !== run.records[index])
    return written
  }
  const redacted: AnswerRecord[] = []
  for (const [index, run] of runs.entries()) {
    if (index % RUNS_AT_ONCE === 0) await nextTurn()
    // There may be more than fit into the arguments of one call.
    for (const record of rewrite(run)) redacted.push(record)
  }
  return isChanged ? redacted : records
}

/** How many runs are rewritten in one go: of those that hold nothing it takes about a tenth of a millisecond. */
const RUNS_AT_ONCE = 64

/** How the lines of an event stream begin. */
const SSE = /^\uFEFF?(?::|(?:data|event|id|retry)(?::|[\r\n]|$))/

function runsOf(records: readonly AnswerRecord[]): Run[] {
  const isStream = SSE.test(beginningOf(records)) || records.some((record) => dataOf(record) !== undefined)
  if (isStream) return records.map((record) => (dataOf(record) === undefined ? lineRun(record) : dataRun(record)))
  const runs: Run[] = []
  for (let start = 0, end = 0; start < records.length; start = end) {
    while (typeof records[end]?.wire === 'string') end++
    end = Math.max(end, start + 1)
    runs.push(bodyRun(records.slice(start, end)))
  }
  return runs
}

function beginningOf([first]: readonly AnswerRecord[]): string {
  return typeof first?.wire === 'string' ? first.wire.slice(0, 100) : ''
}

/** A record of a stream that has data. `[DONE]` is a word of the protocol. */
function dataRun(record: AnswerRecord): Run {
  const text = dataOf(record) ?? ''
  if (record.event)
    return {
      records: [record],
      text,
      documents: [{ start: 0, document: { text, event: record.event, value: record.event.body } }],
      around: 'nothing',
    }
  if (text.trim() === '[DONE]') return { records: [record], text, documents: [], around: 'protocol' }
  if (text.startsWith('"') && typeof parseJson(text) === 'string')
    return { records: [record], text, documents: [{ start: 0, document: documentOf(text) }], around: 'nothing' }
  return { ...textRun(text), records: [record] }
}

/** One that has none: comments, or what was cut off. */
function lineRun(record: AnswerRecord): Run {
  const text = typeof record.wire === 'string' ? record.wire : ''
  const start = startOfData(text)
  const from = start ?? text.length
  const cut = text.slice(from)
  const documents = /^\s*[{[]/.test(cut) ? [{ start: from, document: documentOf(cut) }] : []
  const isText = start !== undefined && documents.length === 0
  return { records: [record], text, documents, around: isText ? 'text' : 'protocol' }
}

/** Where the data begins of what is no event: behind its field, or with the first object of a line. Linear. */
function startOfData(text: string): number | undefined {
  const field = /^data: ?/m.exec(text)
  const before = field ? text.slice(0, field.index) : text
  for (const { 0: found, index } of before.matchAll(/(?<![\s[,])[\s[,]*\{/g)) {
    if (index === 0 || /[\n\r\u2028\u2029]/.test(found)) return index + found.length - 1
  }
  return field ? field.index + field[0].length : undefined
}

/** Pieces of a body: a secret may stand across them. */
function bodyRun(records: readonly AnswerRecord[]): Run {
  return { ...textRun(records.map(({ wire }) => (typeof wire === 'string' ? wire : '')).join('')), records }
}

/** A text that is JSON, lines of JSON, the beginning of such, or anything else. */
function textRun(text: string): Omit<Run, 'records'> {
  if (!/^\s*[{[]/.test(text)) return { text, documents: [], around: 'text' }
  if (parseJson(text) !== undefined)
    return { text, documents: [{ start: 0, document: documentOf(text) }], around: 'nothing' }
  const lines = jsonLinesOf(text)
  if (lines) return { text, documents: lines, around: 'protocol' }
  // It may have been cut off.
  if (/^\s*(?:\[\s*)*\{\s*"/.test(text))
    return { text, documents: [{ start: 0, document: documentOf(text) }], around: 'protocol' }
  return { text, documents: [], around: 'text' }
}

/**
 * The lines of a text that is lines of JSON, of which the last may have been cut off; undefined if it is not. Nothing is
 * made of lines behind one that is no JSON: an API may send millions.
 */
function jsonLinesOf(text: string): Part[] | undefined {
  const lines: Part[] = []
  let isCut = false
  for (let start = 0; start < text.length;) {
    const feed = text.indexOf('\n', start)
    const end = feed === -1 ? text.length : feed
    const line = text.slice(start, end)
    if (line.trim() !== '') {
      if (isCut) return undefined
      isCut = parseJson(line) === undefined
      if (isCut && lines.length === 0) return undefined
      lines.push({ start, document: documentOf(line) })
    }
    start = end + 1
  }
  return lines.length > 1 ? lines : undefined
}

/** Members that hold log probabilities: of OpenAI and those who speak like it, of Gemini, of Hugging Face. */
const LOGPROBS = /logprobs(?:Result)?$|^top_tokens$/

/** The tokens and bytes of a text stand once more in its log probabilities, and no rule can find a secret there. */
const logprobsIn = (json: string): Match[] =>
  /logprobs|top_tokens/.test(json)
    ? replacementsIn(json, (place, first) =>
        !LOGPROBS.test(String(place.at(-1))) ? undefined : first === '[' ? '[]' : first === '{' ? 'null' : undefined,
      ).map(({ start, end, by }) => ({ start, end, kind: 'log-probabilities', placeholder: by }))
    : []

/** What is to be redacted in a run beside what stands in its documents. */
const around = ({ text, around: kind }: Run, { finder, limit }: Tools): Match[] =>
  kind === 'nothing'
    ? []
    : kind === 'protocol'
      ? finder.secretsIn(text)
      : limit.run(() => finder.inText(text), text.length)

/** What a stream says in plain text, data by data, is one text: the secrets in it. None of the data is left without a character. */
function inPlainTexts(runs: readonly Run[], { finder }: Tools): ReadonlyMap<Run, readonly Match[]> {
  const texts = runs.filter(
    ({ records: [first], around: kind }) => kind === 'text' && first && dataOf(first) !== undefined,
  )
  if (texts.length < 2) return new Map()
  const values = texts.map(({ text }) => text)
  const inEach = matchesInPieces(values, finder.secretsIn(values.join('')))
  return new Map(
    texts.map((run, index) => [
      run,
      (inEach[index] ?? []).map((match) =>
        match.placeholder === '' && match.end - match.start === run.text.length
          ? { ...match, placeholder: '*' }
          : match,
      ),
    ]),
  )
}

function rewriteRun(run: Run, inside: readonly Match[], tools: Tools, found: FoundIn): readonly AnswerRecord[] {
  const matches = merged(run.text, [...inside, ...around(run, tools)])
  if (matches.length === 0) return run.records
  const wires = run.records.map(({ wire }) => (typeof wire === 'string' ? wire : ''))
  return matchesInPieces(wires, matches).map((within, index) => {
    const [record, wire] = [run.records[index], wires[index] ?? '']
    if (!record) throw new Error('There are as many pieces as records.')
    return within.length === 0 ? record : { ...record, wire: replace(wire, within, (kind) => found(kind, record)) }
  })
}

/** How many texts without a secret are remembered, and how long one may be, in characters. */
const [MAX_FREE, MAX_FREE_CHARS] = [256, 256]

/** What stands around data in its wire. */
interface Surroundings {
  /** The secrets in a text around data. */
  secretsIn(text: string): readonly Match[]
  /** Whether it is known that there is no secret before and behind the data in a wire. */
  isFree(wire: string, data: string): boolean
}

/** Finds the secrets in what stands around data. Most records have the same names around theirs. */
function createSurroundings({ finder }: Pick<Tools, 'finder'>): Surroundings {
  const free = new Set<string>()
  return {
    secretsIn(text) {
      if (free.has(text)) return []
      const matches = finder.secretsIn(text)
      if (matches.length === 0 && text.length <= MAX_FREE_CHARS && free.size < MAX_FREE) free.add(text)
      return matches
    },
    isFree(wire, data) {
      const start = wire.lastIndexOf(data)
      return start !== -1 && free.has(wire.slice(0, start)) && free.has(wire.slice(start + data.length))
    },
  }
}

/** A record that has data, with its data redacted in place: ids, names and line ends stay. */
function rewriteData(
  record: AnswerRecord,
  inside: readonly Match[],
  run: Run,
  tools: Tools & { readonly surroundings: Surroundings },
  found: FoundIn,
): AnswerRecord {
  const tell: Found = (kind) => found(kind, record)
  const { surroundings } = tools
  const matches = merged(run.text, [...inside, ...around(run, tools)])
  if (matches.length === 0 && typeof record.wire === 'string' && surroundings.isFree(record.wire, run.text))
    return record
  return rewritten(record, replace(run.text, matches, tell), (text) =>
    replace(text, surroundings.secretsIn(text), tell),
  )
}
