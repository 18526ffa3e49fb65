/** The body of an answer of which its row tells no text, as far as a person can read it. */
import { isStream } from '../api/framing/index.ts'
import { apiNamed } from '../api/index.ts'
import { bytesOf, eventsIn, textOf } from '../api/record.ts'
import { type JsonValue, isObject, parseJson } from '../base/json.ts'
import { type Fixture, eventsOf } from '../fixture/fixture.ts'
import { counted } from './terminal.ts'

/** How much of a body is shown, in characters. */
const MAX_BODY_CHARS = 4000

/** How many events of a stream are shown. */
const MAX_EVENTS = 20

/** How many members of a list are shown if there are more, and how much of a text within JSON. */
const MAX_ITEMS = 8

const MAX_TEXT_CHARS = 400

/**
 * The lines that show a body; none if there is none, or the row tells of the answer in another way.
 *
 * @param columns how long the line of an event may be
 */
export function bodyLines(fixture: Pick<Fixture, 'api' | 'response' | 'records'>, columns: number): string[] {
  const { api, response, records } = fixture
  if (response === undefined || records.length === 0) return []
  const text = textOf(records)
  if (isStream(response.framing)) {
    const { status, usage } = apiNamed(api).told(eventsOf(fixture))
    const lines = eventsIn(records).map((event) => event.text)
    return status === undefined && usage === undefined ? eventLines(lines, columns) : []
  }
  if (text === undefined) {
    const bytes = bytesOf(records)
    return [`no text, ${counted(bytes.byteLength, 'byte')}: ${startOf(bytes)}`]
  }
  const value = parseJson(text)
  const isOpen = typeof value === 'object' && value !== null
  return cut(isOpen ? JSON.stringify(brief(value), null, 2) : text.trim(), MAX_BODY_CHARS).split('\n')
}

/** The first events of a stream, and how many there are. */
function eventLines(texts: readonly string[], columns: number): string[] {
  const shown = texts.slice(0, MAX_EVENTS).map((text) => cut(text, columns - 1))
  return texts.length > MAX_EVENTS ? [...shown, `… of ${counted(texts.length, 'event')}`] : shown
}

const cut = (text: string, chars: number): string =>
  text.length > chars ? `${text.slice(0, chars).toWellFormed()}…` : text

/** How many bytes are shown of what is no text. */
const MAX_BYTES = 8

/** `49 44 33 04 …`: what it begins with often tells what it is. */
const startOf = (bytes: Buffer): string =>
  `${bytes.toString('hex', 0, MAX_BYTES).replaceAll(/..(?=.)/g, '$& ')}${bytes.length > MAX_BYTES ? ' …' : ''}`

/** A value without most of its long lists, such as the numbers of an embedding, and without most of its long texts. */
function brief(value: JsonValue): JsonValue {
  if (typeof value === 'string') {
    return value.length > MAX_TEXT_CHARS
      ? `${cut(value, MAX_TEXT_CHARS)} (${counted(value.length, 'character')})`
      : value
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, MAX_ITEMS).map(brief)
    return value.length > MAX_ITEMS ? [...shown, `… of ${value.length.toLocaleString('en')}`] : shown
  }
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, brief(member)]))
}
