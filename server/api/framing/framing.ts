/** What a framing is: how a body is cut into records as it arrives, and how a record is put together again. */
import { isUtf8 } from 'node:buffer'
import { type JsonObject, memberOf } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'
import type { AnswerRecord } from '../record.ts'

export interface Framing {
  /** The content types that name it, in lower case and without parameters. */
  readonly types: RegExp
  /**
   * Whether a body that begins so is of this framing; undefined if it takes a few more bytes to say it.
   *
   * @param start the body from its first byte on that is no white space
   * @param type its content type, as for {@link types}; empty if it has none
   */
  begins(start: Buffer, type: string): boolean | undefined
  reader(): RecordReader
  /** How its records carry data. Absent if a record is whatever came at one time, so that it means nothing by itself. */
  readonly carrier?: Carrier
}

/** Cuts one body into records. The wires of all records joined are all bytes that were read, however they came. */
export interface RecordReader {
  /**
   * Takes the next bytes, and gives the records that they make whole. The caller may reuse the memory afterwards.
   *
   * @param at when they came, in ms since the call was sent
   */
  read(bytes: Uint8Array, at: number): AnswerRecord[]
  /**
   * Takes the end of the body, and gives what is left.
   *
   * @param clean whether the body ended as HTTP says. If it broke instead, what is left means nothing
   */
  end(at: number, clean: boolean): AnswerRecord[]
}

/** Takes data out of the records of one framing, and puts it into them. */
export interface Carrier {
  /** Whether events have names around them, which most often repeat a member. */
  readonly hasNames?: true
  /**
   * What a record means.
   *
   * @param wire all of it, as it was sent
   * @param isFirst whether the body begins with it: then it may have a byte order mark
   */
  parse(wire: AnswerRecord['wire'], at: number, isFirst: boolean): AnswerRecord
  /** What a record carries, so that {@link carry} gives it back; undefined if it carries nothing. */
  describe(record: AnswerRecord, style: Style): Carried | undefined
  /**
   * The record that carries a text; or what is wrong with what is said of it, in words that complete "this fixture is
   * damaged: …".
   *
   * @param known an event that may have the same text, which is not parsed again then
   */
  carry(text: string, said: JsonObject, at: number, style: Style, known?: ModelEvent): AnswerRecord | string
  /**
   * The record with another text for its data; undefined if it is no record of this framing.
   *
   * @param clean rewrites a text that stands around the data
   */
  rewrite(record: AnswerRecord, text: string, clean: (text: string) => string): AnswerRecord | undefined
}

/** What a record carries. */
export interface Carried {
  readonly text: string
  /** What has to be known beside the text: members of its line in a fixture. */
  readonly said: JsonObject
}

/** What most records of a body have in common, so that few have to say it. */
export interface Style {
  /** The member of an event that stands in its `event:` line, unless something else is said. */
  readonly names?: 'type' | 'event_type' | undefined
  readonly eol: LineEnd
}

/** How lines end. */
export type LineEnd = '\n' | '\r\n'

/** Nothing that has to be known. */
export const NOTHING_SAID: JsonObject = {}

/** The same bytes as a Buffer, without copying them. */
export const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The wire of a record: text if the bytes are well-formed UTF-8, or else a copy of them. */
export function wireOf(bytes: Buffer): string | Uint8Array {
  const text = bytes.toString('utf8')
  // What is no UTF-8 becomes U+FFFD: only a text that holds one needs a closer look.
  return text.includes('\u{FFFD}') && !isUtf8(bytes) ? new Uint8Array(bytes) : text
}

/** The data of a record as text, if it has any. */
export const dataOf = ({ event, data }: AnswerRecord): string | undefined => event?.text ?? data

/** A wire with another text in place of one that stands in it, and what stands around it cleaned; undefined if it does not. */
export function replacedIn(
  wire: string,
  before: string,
  after: string,
  clean: (text: string) => string,
): string | undefined {
  const start = wire.lastIndexOf(before)
  if (start === -1) return undefined
  return clean(wire.slice(0, start)) + after + clean(wire.slice(start + before.length))
}

/** The first bytes of a body as text, for those who look at its first characters. */
export const beginningOf = (start: Buffer): string => start.toString('latin1', 0, MAX_START)

/** How many bytes of a body may be waited for to tell its framing. */
export const MAX_START = 16

/** Content types that come with JSON, be it meant so or not: Google sends its errors as event streams, others send octets. */
const WITH_JSON: Readonly<Record<string, RegExp>> = {
  text: /^plain$|^event-stream$|json/,
  application: /^octet-stream$|json|eventstream$/,
}

/** Whether a body of this type that looks like JSON is taken for it. */
export function mayBeJson(type: string): boolean {
  const [family = '', kind, more] = type.split('/', 3)
  return type === '' || (kind !== undefined && more === undefined && (memberOf(WITH_JSON, family)?.test(kind) ?? false))
}
