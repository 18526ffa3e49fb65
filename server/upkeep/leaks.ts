/** Where secrets could be in the file of a fixture: the texts to search, and the lines that they stand in. Pure. */
import type { ModelEvent } from '../api/event.ts'
import { partOf } from '../api/responses/events.ts'
import { type JsonValue, asText, parseJson } from '../base/json.ts'
import type { FixtureLine } from '../fixture/file.ts'
import type { FixtureHeader } from '../fixture/fixture.ts'
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

/** A line behind the first, and its number. */
export interface NumberedLine {
  readonly number: number
  readonly line: FixtureLine
}

/** Adds a kind of secret to those of a line. */
export function addKind(kinds: Map<number, Set<string>>, line: number, kind: string): void {
  const known = kinds.get(line)
  if (known) known.add(kind)
  else kinds.set(line, new Set([kind]))
}

/** What the redactor would take out if it was recorded now: the kinds in each line. */
export function unredacted(
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
    else for (const fact of Object.values(line.ending)) redactor.body(asText(fact), add(number))
  }
  redactor.events([...numbers.keys()], (kind, event) => add(numbers.get(event) ?? 1)(kind))
  if (header) rest.delete(1)
  for (const number of rest) redactor.body(lines[number - 1] ?? '', add(number))
  return kinds
}

/**
 * What is searched by secretlint: the file as it stands; of lines with escapes their strings, too, since an escape may
 * stand within a secret; and the deltas of each part as one text, where it stands nowhere else.
 */
export function pagesOf(text: string, lines: readonly string[], events: readonly NumberedEvent[]): Page[] {
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
