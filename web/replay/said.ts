/** What came of a replay, in words. Pure. */
import type { View } from '../../server/serve/page/data.ts'
import type { Tone } from '../parts/tone.ts'
import { counted, number } from '../parts/format.ts'
import { frameIn } from './expected.ts'
import { type Heard, textOf } from './heard.ts'
import { type Facts, isCut, isRecorded } from './facts.ts'

/** An end in words, and how it is meant. */
export interface SaidEnd {
  readonly word: string
  readonly tone: Tone
}

/** How a replay ended; undefined while it goes on. */
export function endOf({ end, status }: Heard): SaidEnd | undefined {
  switch (end?.how) {
    case undefined:
      return undefined
    case 'told':
      return end.code === undefined ? { word: 'message', tone: 'good' } : { word: `error ${end.code}`, tone: 'bad' }
    case 'closed':
      return { word: `closed ${end.code}${end.reason === '' ? '' : ` ${end.reason}`}`, tone: 'bad' }
    case 'whole':
      return { word: `HTTP ${status}, whole`, tone: (status ?? 0) < 400 ? 'good' : 'bad' }
    case 'broken':
      return { word: status === undefined ? 'no answer' : `HTTP ${status}, broken`, tone: 'bad' }
    case 'stopped':
      return { word: 'stopped', tone: 'warn' }
  }
}

/** What is said when a replay is over, to those who do not see it. */
export function summaryOf(heard: Heard): string {
  const what = heard.expected.how === 'chat' ? counted(heard.length, 'frame') : counted(heard.bytes, 'byte')
  return `The replay is over: ${what}, ${endOf(heard)?.word ?? 'no end'}.`
}

/** Where a replay is another one than the recording. */
export interface Differing {
  /** In a sentence. */
  readonly where: string
  /** What was recorded there, and what came; absent where there is nothing. */
  readonly recorded?: string | undefined
  readonly came?: string | undefined
  /** Whether the fault explains it. */
  readonly meant: boolean
}

/** How much of a difference is shown, in characters or bytes. */
const SHOWN = 240

/** Where it is first another one; undefined while there is none. */
export function differingIn(facts: Facts): Differing | undefined {
  const { heard, cut, fault } = facts
  const { expected, difference, length, end } = heard
  const whole = expected.how === 'chat' ? expected.frames.length : expected.body.length
  const isShort = end !== undefined && end.how !== 'stopped' && length < whole
  const at = difference ?? (isShort ? length : undefined)
  if (at === undefined || (end !== undefined && isRecorded(facts))) return undefined
  const meant =
    isCut(facts) && cut !== undefined && (at >= cut.length || (end?.how === 'broken' && difference === undefined))
  const unit = expected.how === 'chat' ? 'frame' : 'byte'
  const what =
    difference === undefined
      ? `The replay ends before ${unit} ${number(at + 1)} of ${number(whole)}`
      : `The replay is another one from ${unit} ${number(at + 1)} on`
  return { where: `${what}${meant ? `, as ${fault} says` : ''}.`, ...sidesAt(heard, at), meant }
}

function sidesAt(heard: Heard, at: number): Pick<Differing, 'recorded' | 'came'> {
  const { expected, frames, bytes } = heard
  if (expected.how === 'chat')
    return { recorded: aroundIn(expected.frames[at], frames[at]), came: aroundIn(frames[at], expected.frames[at]) }
  const text = (body: Uint8Array): string | undefined =>
    body.length > at ? new TextDecoder().decode(body.subarray(at, at + SHOWN)) : undefined
  // Before the difference all bytes are the same: without that many there is none to show.
  return { recorded: text(expected.body), came: bytes > at ? text(heard.body()) : undefined }
}

/** A text from a little before where it is first another one. */
function aroundIn(text: string | undefined, other: string | undefined): string | undefined {
  if (text === undefined || other === undefined) return text
  let same = 0
  while (same < text.length && text[same] === other[same]) same++
  const from = Math.max(0, same - SHOWN / 4)
  return `${from > 0 ? '…' : ''}${text.slice(from)}`
}

/** How much of a body is shown that is no recorded text, in bytes. */
const BODY_SHOWN = 4000

/** What a client sees of a replay beside its text: the message of an error, or a body that tells no text. */
export function besideText(heard: Heard): string | undefined {
  const { expected, frames, difference } = heard
  if (expected.how === 'chat') return lastOf(frames)
  if (expected.text !== '' && difference === undefined) return undefined
  return textOf(heard, BODY_SHOWN)
}

/** The same of the recording. */
export function recordedBesideText(view: View, { expected }: Heard): string | undefined {
  if (expected.how === 'chat') return lastOf(expected.frames)
  if (expected.text !== '' || view.records.binary.length > 0) return undefined
  return view.records.wire.join('').slice(0, BODY_SHOWN)
}

/** The last frame of a turn, if it says what its deltas do not: an error, or a message without text, such as a call of a tool. */
function lastOf(frames: readonly string[]): string | undefined {
  const last = frames.at(-1) ?? ''
  const frame = frameIn(last)
  if (frame?.type === 'error') return `${frame.code ?? 'error'}: ${frame.message}`
  return frame?.type === 'message' && frame.message === '' ? last : undefined
}
