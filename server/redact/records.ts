/** Redacts the records of one answer: secrets that are split over several are found as well. */
import type { Api } from '../api/api.ts'
import { type ModelEvent, parseEvent } from '../api/event.ts'
import { encodeSseEvent, parseSseRecord } from '../api/framing/sse.ts'
import type { AnswerRecord } from '../api/record.ts'
import { type JsonString, rewriteValues } from '../base/json-text.ts'
import type { Finder } from './finder.ts'
import { type Found, type Match, matchesInPieces, replace } from './match.ts'

/** Is told the kind of everything that is replaced, and the record that it stood in. */
export type FoundIn = (kind: string, record: AnswerRecord) => void

/** What records are redacted with. */
export interface Tools {
  readonly finder: Finder
  /** Redacts the members of an event at the paths of the user's rules. */
  readonly members: (json: string, found: Found) => string
  readonly text: (text: string, found: Found) => string
  readonly body: (text: string, found: Found) => string
}

/** A record on its way. */
interface Step {
  readonly record: AnswerRecord
  /** Its event, with the members at the user's paths redacted. */
  readonly event: ModelEvent | undefined
  /** What is to be redacted in its delta. */
  delta: readonly Match[]
}

/** The records with their secrets taken out; the very same list if they hold none. */
export function redactRecords(
  records: readonly AnswerRecord[],
  api: Pick<Api, 'partOf'>,
  tools: Tools,
  found: FoundIn = () => {},
): readonly AnswerRecord[] {
  if (records.every(({ event, data }) => event === undefined && data === undefined)) {
    return redactPlain(records, tools, found)
  }
  const steps = records.map((record): Step => {
    const tell = (kind: string) => found(kind, record)
    return { record, event: record.event && withText(record.event, tools.members(record.event.text, tell)), delta: [] }
  })
  const isSplit = findInDeltas(steps, api, tools.finder)
  let isChanged = false
  const redacted = steps.map((step) => {
    const record = redactRecord(step, isSplit, tools, (kind) => found(kind, step.record))
    isChanged ||= record !== step.record
    return record
  })
  return isChanged ? redacted : records
}

/**
 * Redacts a body that was not cut into events: the texts of records that follow each other are one, since a secret may
 * stand across them, and become one record if they hold any. Bytes are left alone.
 */
function redactPlain(records: readonly AnswerRecord[], { body }: Tools, found: FoundIn): readonly AnswerRecord[] {
  const redacted: AnswerRecord[] = []
  let isChanged = false
  for (let start = 0, end = 0; start < records.length; start = end) {
    while (typeof records[end]?.wire === 'string') end++
    end = Math.max(end, start + 1)
    const run = records.slice(start, end)
    const last = run.at(-1)
    const text = run.map(({ wire }) => (typeof wire === 'string' ? wire : '')).join('')
    const written = last ? body(text, (kind) => found(kind, last)) : text
    if (!last || written === text) {
      for (const record of run) redacted.push(record)
      continue
    }
    redacted.push({ ...last, wire: written })
    isChanged = true
  }
  return isChanged ? redacted : records
}

const deltaOf = (event: ModelEvent | undefined): string | undefined =>
  typeof event?.body.delta === 'string' ? event.body.delta : undefined

/** Reads the deltas of each part as one text, and notes what is to be redacted in each. Says whether anything is. */
function findInDeltas(steps: readonly Step[], api: Pick<Api, 'partOf'>, finder: Finder): boolean {
  const parts = new Map<string, Step[]>()
  for (const step of steps) {
    if (!step.event || deltaOf(step.event) === undefined) continue
    const name = api.partOf(step.event)
    const part = parts.get(name)
    if (part) part.push(step)
    else parts.set(name, [step])
  }
  let isSplit = false
  for (const part of parts.values()) {
    const deltas = part.map(({ event }) => deltaOf(event) ?? '')
    const matches = finder.inMember(deltas.join(''), '')
    if (matches.length === 0) continue
    isSplit = true
    for (const [index, inDelta] of matchesInPieces(deltas, matches).entries()) {
      const step = part[index]
      if (step) step.delta = inDelta
    }
  }
  return isSplit
}

/** @param isSplit whether something was found in deltas: then log probabilities may repeat it, whatever else is clean */
function redactRecord({ record, event, delta }: Step, isSplit: boolean, tools: Tools, found: Found): AnswerRecord {
  const { wire } = record
  if (typeof wire !== 'string') return record
  const before = record.event?.text ?? record.data
  if (before === undefined) {
    const text = tools.text(wire, found)
    return text === wire ? record : { ...record, wire: text }
  }
  const { mayHold } = tools.finder
  const isClean = event === record.event && !isSplit && !mayHold(wire)
  if (isClean && (wire.includes(before) || !mayHold(before))) return record
  const after = event ? redactEvent(event, delta, isSplit, tools.finder, found) : tools.body(before, found)
  const written = redactWire(record, wire, before, after, (text) => tools.text(text, found))
  if (written === wire) return record
  if (!event) return { ...record, wire: written, data: after }
  // The name of an event stands in its wire alone.
  const name = event.name === undefined ? undefined : parseSseRecord(written, record.at, true).event?.name
  return { ...record, wire: written, event: parseEvent(after, event.at, name) ?? event }
}

/** The text of an event, redacted. Its delta was read together with those of its part, where it may be half a word. */
function redactEvent(
  event: ModelEvent,
  delta: readonly Match[],
  isSplit: boolean,
  finder: Finder,
  found: Found,
): string {
  const own = deltaOf(event)
  const known = ({ place, value }: JsonString) =>
    place.length === 1 && place[0] === 'delta' && value === own ? delta : undefined
  const matches = finder.inJson(event.text, known)
  if (matches.length === 0 && !isSplit) return event.text
  const text = withoutLogprobs(event.text)
  return replace(text, text === event.text ? matches : finder.inJson(text, known), found)
}

/** The tokens and bytes of a text stand once more in its log probabilities, and no rule can find a secret there. */
const withoutLogprobs = (json: string): string =>
  json.includes('logprobs')
    ? rewriteValues(json, (place, first) => (place.at(-1) === 'logprobs' && first === '[' ? '[]' : undefined))
    : json

/**
 * The wire of a record with another text for its data: in place of the old one if that stands there, so that ids, names
 * and line ends stay. Data that came in several lines are written in one.
 *
 * @param clean redacts what stands around the data
 */
function redactWire(
  { event }: AnswerRecord,
  wire: string,
  before: string,
  after: string,
  clean: (text: string) => string,
): string {
  const start = wire.lastIndexOf(before)
  if (start !== -1) return clean(wire.slice(0, start)) + after + clean(wire.slice(start + before.length))
  if (before === after) return clean(wire)
  return encodeSseEvent(after, event?.name === undefined ? undefined : clean(event.name), '\n')
}

/** The event with another text; the very same if that is the same. */
const withText = (event: ModelEvent, text: string): ModelEvent =>
  text === event.text ? event : (parseEvent(text, event.at, event.name) ?? event)
