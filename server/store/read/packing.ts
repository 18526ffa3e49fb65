/** Records as bytes outside of V8's heap, an eighth of their size for most streams; and back. Nothing is checked again. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { knownEvent } from '../../api/event.ts'
import type { AnswerRecord } from '../../api/record.ts'
import { alone } from '../../base/memo.ts'

/** What the text of a record is. */
const [NOTHING, DATA, EVENT, EXCEPTION] = [0, 1, 2, 3]

/** A small window: events look like the ones before them, and V8 collects garbage early for what a large one takes. */
const READING = { windowBits: 12 }

const WRITING = { ...READING, level: 1, memLevel: 5 }

/**
 * A record: when it came; how long its wire is in characters, negative if each stands for a byte; what it holds; where the
 * text of that stands in its wire, or -1 if it follows it; how long that is; the name that stood around an event.
 */
type Row = readonly [at: number, wire: number, holds: number, start: number, length: number, name?: string]

/** Deflated: the rows as JSON on one line, and then all texts. */
export function pack(records: readonly AnswerRecord[]): Buffer {
  const rows: Row[] = []
  const texts: string[] = []
  for (const { at, wire, event, data } of records) {
    const isText = typeof wire === 'string'
    const sent = isText ? wire : Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength).toString('latin1')
    const text = event?.text ?? data ?? ''
    const start = isText ? sent.lastIndexOf(text) : -1
    const holds = event ? (event.isException ? EXCEPTION : EVENT) : data === undefined ? NOTHING : DATA
    const row = [at, isText ? sent.length : -sent.length, holds, start, text.length] as const
    rows.push(event?.name === undefined ? row : [...row, event.name])
    texts.push(sent)
    if (start === -1) texts.push(text)
  }
  return alone(deflateRawSync(`${JSON.stringify(rows)}\n${texts.join('')}`, WRITING))
}

/** The records that were packed. */
export function unpack(bytes: Buffer): readonly AnswerRecord[] {
  const all = inflateRawSync(bytes, READING).toString('utf8')
  const end = all.indexOf('\n')
  const rows: readonly Row[] = JSON.parse(all.slice(0, end))
  let from = end + 1
  const take = (length: number): string => all.slice(from, (from += length))
  return rows.map(([at, wire, holds, start, length, name]) => {
    const sent = take(Math.abs(wire))
    const text = start === -1 ? take(length) : sent.slice(start, start + length)
    const record = { at, wire: wire < 0 ? new Uint8Array(Buffer.from(sent, 'latin1')) : sent }
    if (holds === NOTHING) return record
    if (holds === DATA) return { ...record, data: text }
    const event = knownEvent(text, at, name)
    return { ...record, event: holds === EXCEPTION ? { ...event, isException: true } : event }
  })
}
