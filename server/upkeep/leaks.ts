/** Where secrets could be in the file of a fixture: the texts to search, and the lines that they stand in. Pure. */
import { any } from '../api/any.ts'
import type { Api } from '../api/api.ts'
import type { ModelEvent } from '../api/event.ts'
import { apiNamed } from '../api/index.ts'
import type { AnswerRecord } from '../api/record.ts'
import { eachString } from '../base/json-text.ts'
import { type JsonValue, isObject, parseJson } from '../base/json.ts'
import type { FixtureHeader } from '../fixture/fixture.ts'
import type { FixtureLine } from '../fixture/file.ts'
import type { Redactor } from '../redact/redactor.ts'

/** A text to search for secrets, and the line of the file that each place in it belongs to. */
export interface Page {
  readonly text: string
  lineAt(offset: number): number
}

/** An event, and the line that it stands in. */
export interface NumberedEvent {
  readonly number: number
  readonly event: ModelEvent
}

/** A line after the first, and its number. */
export interface NumberedLine {
  readonly number: number
  readonly line: FixtureLine
}

/** The file of a fixture, as far as it can be read. */
export interface ReadFile {
  readonly text: string
  readonly lines: readonly string[]
  /** The first line, if it can be read. */
  readonly header: FixtureHeader | undefined
  /** The other lines that can be read. */
  readonly read: readonly NumberedLine[]
}

/** Adds a kind of secret to those of a line. */
export function addKind(kinds: Map<number, Set<string>>, line: number, kind: string): void {
  const known = kinds.get(line)
  if (known) known.add(kind)
  else kinds.set(line, new Set([kind]))
}

/** How many lines that cannot be read are looked at one by one. What is no JSON takes long to tell, and may be millions. */
const MAX_UNREAD = 1000

/** The numbers of the lines that cannot be read: the first ones, and all others. */
function unreadIn({ lines, header, read }: ReadFile): { readonly first: number[]; readonly others: number[] } {
  const known = new Set(read.map(({ number }) => number))
  const unread = lines.flatMap((_line, index) => (known.has(index + 1) || (index === 0 && header) ? [] : [index + 1]))
  return { first: unread.slice(0, MAX_UNREAD), others: unread.slice(MAX_UNREAD) }
}

/** What the redactor would take out if it was recorded now: the kinds in each line. */
export async function unredacted(file: ReadFile, redactor: Redactor): Promise<Map<number, Set<string>>> {
  const { lines, header, read } = file
  const kinds = new Map<number, Set<string>>()
  const add = (number: number) => (kind: string) => addKind(kinds, number, kind)
  if (header) {
    redactor.json(header.requestText, add(1), apiNamed(header.api).isWord)
    redactor.path(header.call.path, add(1))
    redactor.query(header.call.query ?? [], add(1))
    redactor.headers(header.response?.headers ?? [], add(1))
  }
  const numbers = new Map<AnswerRecord, number>()
  for (const { number, line } of read) {
    if ('record' in line) numbers.set(line.record, number)
    else if ('why' in line.ending) redactor.body(line.ending.why ?? '', add(number))
  }
  const api = header ? apiNamed(header.api) : any
  const records = [...numbers.keys()]
  await redactor.records(records, api, (kind, record) => add(numbers.get(record) ?? 1)(kind))
  // Its readers put deltas together in ways of their own.
  const events = eventsIn(read)
  for (const { kind, event } of redactor.left(records, records, api)) add(events[event]?.number ?? 2)(kind)
  // What cannot be read is searched as text.
  const { first, others } = unreadIn(file)
  const textOf = (number: number) => lines[number - 1] ?? ''
  for (const number of first) redactor.body(textOf(number), add(number))
  if (others.length > 0) redactor.text(others.map(textOf).join('\n'), add(others[0] ?? 1))
  return kinds
}

/**
 * What is searched by secretlint: the file as it stands; the strings of lines with escapes, since an escape may be within
 * a secret; and what streams of each part as one text, which is nowhere in the file.
 */
export function pagesOf(file: ReadFile): Page[] {
  const { text, lines, header, read } = file
  const unread = new Set(unreadIn(file).others)
  const pages: Page[] = [{ text, lineAt: (offset) => text.slice(0, offset).split('\n').length }]
  const seen = new Set<string>()
  for (const [index, line] of lines.entries()) {
    if (!line.includes('\\') || unread.has(index + 1)) continue
    const strings: string[] = []
    gatherStrings(parseJson(line), seen, strings)
    if (strings.length > 0) pages.push({ text: strings.join('\n\0\n'), lineAt: () => index + 1 })
  }
  for (const pieces of streamedIn(eventsIn(read), header ? apiNamed(header.api) : any)) pages.push(pageOf(pieces))
  return pages
}

/** The events in lines. */
export const eventsIn = (read: readonly NumberedLine[]): NumberedEvent[] =>
  read.flatMap(({ number, line }) =>
    'record' in line && line.record.event ? [{ number, event: line.record.event }] : [],
  )

/** A piece of a text that streams, and the line that it stands in. */
interface Piece {
  readonly number: number
  readonly text: string
}

/** The texts that stream: strings in the same place of several events of one part. */
function streamedIn(events: readonly NumberedEvent[], { partOf, isWord }: Api): Piece[][] {
  const series = new Map<string, Piece[]>()
  for (const { number, event } of events) {
    const part = partOf(event)
    eachString(event.text, ({ value: text, place, isName }) => {
      if (isName || text === '' || isWord(place, text)) return
      const where = `${part}\0${place.join('\0')}`
      const known = series.get(where)
      if (known) known.push({ number, text })
      else series.set(where, [{ number, text }])
    })
  }
  return [...series.values()].filter(({ length }) => length > 1)
}

function pageOf(pieces: readonly Piece[]): Page {
  return {
    text: pieces.map(({ text }) => text).join(''),
    lineAt(offset) {
      let end = 0
      return pieces.find(({ text }) => (end += text.length) > offset)?.number ?? 1
    },
  }
}

/** Gathers the strings in a value that were not seen before, however deep they stand. */
function gatherStrings(root: JsonValue | undefined, seen: Set<string>, strings: string[]): void {
  const add = (text: string) => {
    if (seen.has(text)) return
    seen.add(text)
    strings.push(text)
  }
  const waiting = [root]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value === 'string') add(value)
    else if (Array.isArray(value)) for (const member of value) waiting.push(member)
    else if (isObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        add(name)
        waiting.push(member)
      }
    }
  }
}
