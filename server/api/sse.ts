/** The body of a streamed answer → events, however its bytes are cut. */
import { createParser } from 'eventsource-parser'
import { remember } from '../base/memo.ts'
import { type ModelEvent, parseEvent } from './event.ts'

/** What a piece of a body held. */
export interface Piece {
  readonly events: readonly ModelEvent[]
  /** The data that came after these events and is no JSON object. */
  readonly malformed?: string
}

export interface EventReader {
  /** Reads the next bytes. `at` is when they came, in ms since the request was sent. */
  read(bytes: Uint8Array, at: number): Piece
  /** Reads what is left at the end of the body. A record that was cut off there is left out. */
  end(at: number): Piece
  /** Whether the sender said `[DONE]`, as some gateways do. */
  readonly done: boolean
  /** The start of a body in which no event came and some line is none of an event stream; undefined otherwise. */
  foreign(): string | undefined
}

/** How much of a body is kept until the first event, to show it where none comes. In characters. */
const MAX_KEPT_CHARS = 64 * 1024

const FIELDS = ['data', 'event', 'id', 'retry']

const FIELD_LINE = new RegExp(`^(?:$|:|(?:${FIELDS.join('|')})(?:$|:))`)

/** Whether a text holds a line that is none of an event stream. The last may be cut off inside the name of a field. */
const isForeign = (text: string): boolean => {
  const lines = text.split(/\r\n|\r|\n/)
  const last = lines.at(-1) ?? ''
  const whole = FIELDS.some((field) => field.startsWith(last)) ? lines.slice(0, -1) : lines
  return whole.some((line) => !FIELD_LINE.test(line))
}

export function createEventReader(): EventReader {
  const decoder = new TextDecoder()
  let records: { data: string; event?: string | undefined }[] = []
  const parser = createParser({
    onEvent(record) {
      records.push(record)
    },
  })
  let start = ''
  let seen = false
  let done = false

  const take = (at: number): Piece => {
    const events: ModelEvent[] = []
    const waiting = records
    records = []
    for (const { data, event: name } of waiting) {
      if (data === '[DONE]') {
        done = true
        break
      }
      // Some gateways keep the connection alive with events that hold nothing.
      if (data.trim() === '') continue
      const event = parseEvent(data, at, name)
      if (!event) return { events, malformed: data }
      seen = true
      events.push(event)
    }
    return { events }
  }

  const feed = (text: string) => {
    if (!seen && start.length < MAX_KEPT_CHARS) start += text.slice(0, MAX_KEPT_CHARS - start.length)
    parser.feed(text)
  }

  return {
    read(bytes, at) {
      feed(decoder.decode(bytes, { stream: true }))
      return take(at)
    },
    end(at) {
      feed(decoder.decode())
      // A last record may lack the blank line that ends it.
      parser.feed('\n\n')
      const { events } = take(at)
      return { events }
    },
    get done() {
      return done
    },
    foreign: () => (!seen && isForeign(start) ? start : undefined),
  }
}

const bytes = new TextEncoder()

/** Events as server-sent events, in UTF-8. */
export const encodeEvents = remember((batch: readonly ModelEvent[]): Uint8Array<ArrayBuffer> =>
  bytes.encode(batch.map(encodeEvent).join('')),
)

function encodeEvent({ type, name, body, text }: ModelEvent): string {
  const named = (body.type === type || name === type) && !/[\r\n]/.test(type)
  return named ? `event: ${type}\ndata: ${text}\n\n` : `data: ${text}\n\n`
}
