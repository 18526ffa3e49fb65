/** What a fixture is, and its text. Pure: no file is touched here. */
import { z } from 'zod'
import { DeltatapeError } from './errors.ts'
import { keyFor, type Identity } from './identity.ts'
import { isObject, memberText, parseJson, parseObject, type JsonObject, type JsonValue } from './json.ts'
import { isFinished, isTerminal, parseEvent, type Ending, type ModelEvent } from './model/model.ts'

export interface FixtureHeader extends Identity {
  readonly responseId?: string
  readonly recorded: {
    /** When, in ISO 8601. */
    readonly at: string
    /** The host that answered, or what stood in for it. */
    readonly upstream: string
    /** The version of the SDK. */
    readonly openai: string
    /** Whether events were taken out of it by hand, so that its parts need not add up. */
    readonly trimmed?: boolean | undefined
  }
}

export interface Fixture extends FixtureHeader {
  readonly events: readonly ModelEvent[]
  readonly ending: Ending
  /** When the answer ended, in ms since the request was sent. */
  readonly endedAt: number
}

/** A fixture and the name of its file. */
export interface StoredFixture extends Fixture {
  readonly name: string
}

/** Whether the model finished: an answer that a failure must not replace. */
export const isGood = ({ ending, events }: Fixture): boolean => ending.end === 'complete' && isFinished(events)

/** The id of the answer: that of the first event that carries a response. */
export function responseIdOf(events: readonly ModelEvent[]): string | undefined {
  for (const { body } of events) {
    if (isObject(body.response) && typeof body.response.id === 'string') return body.response.id
  }
  return undefined
}

/** The text of a fixture's file. */
export function formatFixture(fixture: Fixture): string {
  const header = {
    deltatape: 1,
    key: fixture.key,
    request: fixture.request,
    response_id: fixture.responseId,
    previous_key: fixture.previousKey,
    recorded: fixture.recorded,
  }
  const { end, ...facts } = fixture.ending
  const lines = [
    JSON.stringify(header),
    ...fixture.events.map(({ at, name, text }) =>
      name === undefined
        ? `{"at":${at},"event":${text}}`
        : `{"at":${at},"name":${JSON.stringify(name)},"event":${text}}`,
    ),
    JSON.stringify({
      at: fixture.endedAt,
      end,
      ...facts,
      ...('body' in facts ? { body: bodyMember(facts.body) } : {}),
    }),
  ]
  return `${lines.join('\n')}\n`
}

/** An error body stands as JSON where that loses nothing, which a person can read, and as text otherwise. */
function bodyMember(body: string): JsonValue {
  const value = parseObject(body)
  return value && JSON.stringify(value) === body ? value : body
}

const time = z.number().nonnegative()

const headerSchema = z.object({
  deltatape: z.literal(1, 'the format version is not 1: this deltatape cannot read it'),
  key: z.string().regex(/^[0-9a-f]{64}$/, '"key" is no SHA-256 in hex'),
  request: z.custom<JsonObject>(isObject, '"request" is no object'),
  response_id: z.string().optional(),
  previous_key: z.string().optional(),
  recorded: z.object({ at: z.string(), upstream: z.string(), openai: z.string(), trimmed: z.boolean().optional() }),
})

const endingSchema = z.discriminatedUnion('end', [
  z.object({ end: z.literal('complete') }),
  z.object({
    end: z.literal('refused'),
    status: z.int().min(100).max(599),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.union([z.string(), z.custom<JsonObject>(isObject).transform((body) => JSON.stringify(body))]).default(''),
  }),
  z.object({ end: z.literal('malformed'), text: z.string().default('') }),
  z
    .object({ end: z.enum(['unreachable', 'truncated', 'reset', 'stalled']), why: z.string().optional() })
    .transform(({ end, why }) => (why === undefined ? { end } : { end, why })),
])

const lineSchema = z.object({
  at: time,
  name: z.string().optional(),
  event: z.custom<JsonObject>(isObject).optional(),
  end: z.string().optional(),
})

/**
 * Reads the first line of a fixture.
 *
 * @param name the file's name, for the message
 * @throws DamageError where it is none, or its key is another request's
 */
export function parseHeader(line: string, name: string): FixtureHeader {
  const header = parseUncheckedHeader(line, name)
  const expected = keyFor(header.request, header.previousKey)
  if (header.key !== expected) {
    throw new DamageError(name, 1, `its key does not belong to its request, whose key is ${expected}`)
  }
  return header
}

/** The same, whatever its key. */
export function parseUncheckedHeader(line: string, name: string): FixtureHeader {
  const header = check(headerSchema, parseJson(line), name, 1)
  return {
    key: header.key,
    request: header.request,
    ...(header.previous_key === undefined ? {} : { previousKey: header.previous_key }),
    ...(header.response_id === undefined ? {} : { responseId: header.response_id }),
    recorded: header.recorded,
  }
}

/**
 * An event line as {@link formatFixture} writes it. Where its event is JSON, so is all of it: the rest needs no parsing,
 * and the event's text is what stands there.
 */
const EVENT_LINE =
  /^\{"at":(?<at>(?:0|[1-9]\d{0,14})(?:\.\d+)?)(?:,"name":(?<name>"(?:[^"\\]|\\.)*"))?,"event":(?<event>\s*\{.*\}\s*)\}\s*$/s

function parseEventLine(line: string): ModelEvent | undefined {
  const { at, name, event } = EVENT_LINE.exec(line)?.groups ?? {}
  if (at === undefined || event === undefined) return undefined
  const named = name === undefined ? undefined : parseJson(name)
  if (name !== undefined && typeof named !== 'string') return undefined
  return parseEvent(event, Number(at), typeof named === 'string' ? named : undefined)
}

/** What stands in a line behind the first. */
export type FixtureLine =
  { readonly event: ModelEvent } | { readonly ending: Ending; /** In ms. */ readonly endedAt: number }

/**
 * Reads a line behind the first.
 *
 * @param name the file's name, for the message
 * @param number the line's, which begins at 1
 * @throws DamageError
 */
export function parseLine(line: string, name: string, number: number): FixtureLine {
  const event = parseEventLine(line)
  if (event) return { event }
  const value = check(lineSchema, parseJson(line), name, number)
  if (value.event) {
    const found = parseEvent(memberText(line, 'event') ?? '', value.at, value.name)
    if (!found) throw new DamageError(name, number, 'its event is no JSON object')
    return { event: found }
  }
  return { ending: check(endingSchema, parseJson(line), name, number), endedAt: value.at }
}

/** What a fixture holds beside its events. */
export type FixtureFacts = FixtureHeader & Pick<Fixture, 'ending' | 'endedAt'>

/** Reads a fixture line by line, so that one of any size can be read. Throws {@link DamageError}. */
export interface FixtureReader {
  /** Takes the next line, without its line feed, and gives its event where it holds one. */
  line(text: string): ModelEvent | undefined
  /** Says that there are no more lines, and gives what stood around the events. */
  end(): FixtureFacts
}

/** @param name the file's name, for the messages, which also tell the line and what is wrong with it */
export function createFixtureReader(name: string): FixtureReader {
  let header: FixtureHeader | undefined
  let facts: FixtureFacts | undefined
  let count = 0
  let terminal = false
  return {
    line(text) {
      count++
      if (facts) throw new DamageError(name, count, AFTER_END)
      if (!header) {
        header = parseHeader(text, name)
        return undefined
      }
      const line = parseLine(text, name, count)
      if ('event' in line) {
        terminal ||= isTerminal(line.event)
        return line.event
      }
      if (line.ending.end === 'complete' && !terminal) {
        throw new DamageError(name, count, 'it says "complete", and no terminal event came')
      }
      facts = { ...header, ...line }
      return undefined
    },
    end() {
      if (!header) parseHeader('', name)
      if (!facts) throw new DamageError(name, count, CUT_OFF)
      return facts
    },
  }
}

/**
 * Reads the text of a fixture's file.
 *
 * @param name the file's name, for the message
 * @throws DamageError
 */
export function parseFixture(text: string, name: string): Fixture {
  const reader = createFixtureReader(name)
  const events = linesOf(text).flatMap((line) => reader.line(line) ?? [])
  return { ...reader.end(), events }
}

export const AFTER_END = 'there is something after the line with "end"'
export const CUT_OFF = 'it is cut off: the last line has no "end"'

/** The lines of a fixture's file. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function check<T>(schema: z.ZodType<T>, value: unknown, name: string, line: number): T {
  if (value === undefined) throw new DamageError(name, line, 'it is no JSON')
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  )
  throw new DamageError(name, line, issues.join('; '))
}

/** A file that is no whole fixture: `fixture_invalid`, with the file, the line and what is wrong with it. */
export class DamageError extends DeltatapeError {
  /** Begins at 1. */
  readonly line: number
  readonly why: string

  constructor(name: string, line: number, why: string) {
    super('fixture_invalid', `${name}:${line}: this fixture is damaged: ${why}. Record it again, or remove it.`)
    this.line = line
    this.why = why
  }
}
