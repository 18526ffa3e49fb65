/** What a replay is expected to bring, from what was recorded. Pure. */
import { bisectRight } from 'd3-array'
import type { Replay, View } from '../../server/serve/page/data.ts'
import { bytesFrom } from '../parts/wire.ts'
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
  readonly unit: 'frame' | 'byte'
  /** How many frames, or bytes, there are. */
  readonly length: number
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
    for (const frame of each.map(frameIn)) if (frame?.type === 'delta') text += frame.message
    chars.push(text.length)
  }
  const { durationMs: endedAt } = view
  return { unit: 'frame', length: frames.length, frames, body: new Uint8Array(), until, chars, text, endedAt }
}

function ofBody(view: View): Expected {
  const { records, pieces, blocks } = view
  const binary = new Set(records.binary)
  const encoder = new TextEncoder()
  const parts = records.wire.map((wire, index) => (binary.has(index) ? bytesFrom(wire) : encoder.encode(wire)))
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
  until.push(total)
  return { unit: 'byte', length: total, frames: [], body, until, chars, text, endedAt: view.durationMs }
}

/** How many records have come whole with so many frames, or bytes. */
export const recordsIn = ({ until }: Expected, length: number): number => bisectRight(until, length)

/** Where a fault cuts the recording. */
export function cutBy(view: View, expected: Expected, fault: Fault): Cut {
  const records = recordsUntil(eventsOf(view), fault.after)
  return { fault, records, length: records === 0 ? 0 : (expected.until[records - 1] ?? 0) }
}

export interface Frame {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly id?: string
}

/** What a frame says: its type, its text and its code. Undefined of what is none. */
export function frameIn(text: string): Frame | undefined {
  try {
    const frame: Partial<Frame> | null = JSON.parse(text)
    const { type, message } = frame ?? {}
    return typeof type === 'string' && typeof message === 'string' ? { ...frame, type, message } : undefined
  } catch {
    return undefined
  }
}

export const isTerminal = (frame: Frame | undefined): frame is Frame =>
  frame?.type === 'message' || frame?.type === 'error'
