/** What a replay is expected to bring, from what was recorded. Pure. */
import type { Replay, View } from '../../server/serve/page/data.ts'
import { type Fault, eventsOf, recordsUntil } from './faults.ts'

/** A fixture that can be replayed. */
export type Replayed = Exclude<Replay, { readonly how: 'none' }>

/** How much of the recording is to come before a fault, and what after it. */
export interface Cut {
  readonly fault: Fault
  /** How many frames, or bytes. */
  readonly length: number
  /** How many records. */
  readonly records: number
}

/** The frames of a chat with the record of each, or the bytes of a body with where each record ends. */
export interface Expected {
  readonly how: Replayed['how']
  /** Each frame of a chat; empty for a body. */
  readonly frames: readonly string[]
  /** The whole body; empty for a chat. */
  readonly body: Uint8Array<ArrayBuffer>
  /** How many frames, or bytes, have come when each record has; one more for the end. */
  readonly until: readonly number[]
  /** The text that is told by each of the records, with what was told before: by its length. */
  readonly chars: readonly number[]
  readonly text: string
  /** When what comes last was recorded. */
  readonly endedAt: number
}

export const expectedOf = (view: View, how: Replayed['how']): Expected => (how === 'chat' ? ofChat(view) : ofBody(view))

function ofChat(view: View): Expected {
  const { of = [], last = [] } = view.frames ?? {}
  const frames: string[] = []
  const until: number[] = []
  const chars: number[] = []
  let text = ''
  for (const each of [...of, last]) {
    frames.push(...each)
    until.push(frames.length)
    for (const frame of each) text += deltaIn(frame) ?? ''
    chars.push(text.length)
  }
  return { how: 'chat', frames, body: new Uint8Array(), until, chars, text, endedAt: view.durationMs }
}

function ofBody(view: View): Expected {
  const { records, pieces, blocks } = view
  const binary = new Set(records.binary)
  const encoder = new TextEncoder()
  const parts = records.wire.map((wire, index) => (binary.has(index) ? bytesIn(wire) : encoder.encode(wire)))
  let total = 0
  const until = parts.map((part) => (total += part.length))
  const body = new Uint8Array(total)
  for (const [index, part] of parts.entries()) body.set(part, (until[index] ?? 0) - part.length)
  const chars = Array.from({ length: parts.length + 1 }, () => 0)
  let text = ''
  for (const [index, piece] of pieces.text.entries()) {
    if (blocks[pieces.block[index] ?? -1]?.kind !== 'text') continue
    text += piece
    chars[pieces.record[index] ?? 0] = text.length
  }
  for (let index = 1; index < chars.length; index++) chars[index] ||= chars[index - 1] ?? 0
  return { how: 'http', frames: [], body, until: [...until, total], chars, text, endedAt: view.durationMs }
}

const bytesIn = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0))

/** How many records have come whole with so many frames, or bytes. */
export function recordsIn({ until }: Expected, length: number): number {
  let [low, high] = [0, until.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((until[middle] ?? 0) <= length) low = middle + 1
    else high = middle
  }
  return low
}

/** Where a fault cuts the recording. */
export function cutBy(view: View, expected: Expected, fault: Fault): Cut {
  const records = recordsUntil(eventsOf(view), fault.after)
  return { fault, records, length: records === 0 ? 0 : (expected.until[records - 1] ?? 0) }
}

/** What a frame says: its type, its text and its code. Undefined of what is none. */
export function frameIn(text: string): Frame | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    const { type, message, code, id } = {
      type: undefined,
      message: undefined,
      code: undefined,
      id: undefined,
      ...value,
    }
    return typeof type === 'string' && typeof message === 'string'
      ? { type, message, ...(typeof code === 'string' && { code }), ...(typeof id === 'string' && { id }) }
      : undefined
  } catch {
    return undefined
  }
}

export interface Frame {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly id?: string
}

/** The text of a delta; undefined of any other frame. */
export function deltaIn(text: string): string | undefined {
  const frame = frameIn(text)
  return frame?.type === 'delta' ? frame.message : undefined
}

export const isTerminal = (frame: Frame | undefined): boolean => frame?.type === 'message' || frame?.type === 'error'
