/** What came of a replay, in words. Pure. */
import type { View } from '../../server/serve/page/data.ts'
import type { Tone } from '../parts/tone.ts'
import { counted, number } from '../parts/format.ts'
import { frameIn } from './expected.ts'
import type { Heard } from './heard.ts'
import { type Facts, isCutAsMeant, isRecorded } from './facts.ts'

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
      return end.frame.type === 'message'
        ? { word: 'message', tone: 'good' }
        : { word: `error ${end.frame.code}`, tone: 'bad' }
    case 'closed':
      return { word: `closed ${end.code} ${end.reason}`.trim(), tone: 'bad' }
    case 'whole':
      return { word: `HTTP ${status}, whole`, tone: (status ?? 0) < 400 ? 'good' : 'bad' }
    case 'broken':
      return { word: status === undefined ? 'no answer' : `HTTP ${status}, broken`, tone: 'bad' }
    case 'stopped':
      return { word: 'stopped', tone: 'warn' }
  }
}

/** What is said when a replay is over, to those who do not see it. */
export const summaryOf = (heard: Heard): string =>
  `The replay is over: ${counted(heard.length, heard.expected.unit)}, ${endOf(heard)?.word}.`

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
  const { heard, fault } = facts
  const { expected, difference, length, end } = heard
  if (!end || end.how === 'stopped' ? difference === undefined : isRecorded(facts)) return undefined
  const at = difference ?? length
  const meant = isCutAsMeant(facts)
  const place = `${expected.unit} ${number(at + 1)}`
  const what =
    difference === undefined
      ? `The replay ends before ${place} of ${number(expected.length)}`
      : `The replay is another one from ${place} on`
  return { where: `${what}${meant ? `, as ${fault} says` : ''}.`, ...sidesAt(heard, at), meant }
}

function sidesAt(heard: Heard, at: number): Pick<Differing, 'recorded' | 'came'> {
  const { expected, frames } = heard
  if (expected.unit === 'frame') {
    const [recorded, came] = [expected.frames[at], frames[at]]
    const from = Math.max(0, sameIn(recorded ?? '', came ?? '') - SHOWN / 4)
    return { recorded: recorded?.slice(from), came: came?.slice(from) }
  }
  const text = (body: Uint8Array): string | undefined =>
    body.length > at ? new TextDecoder().decode(body.subarray(at, at + SHOWN)) : undefined
  return { recorded: text(expected.body), came: text(heard.body(at + SHOWN)) }
}

/** How much of two texts is the same. */
function sameIn(one: string, other: string): number {
  let same = 0
  while (same < one.length && one[same] === other[same]) same++
  return same
}

/** How much of a body is shown that is no recorded text, in bytes. */
const BODY_SHOWN = 4000

/** What is seen beside the text, recorded and replayed: the message of an error, or a body that tells no text. */
export function besideText({ records }: View, heard: Heard): readonly (string | undefined)[] {
  const { expected, frames, difference } = heard
  if (expected.unit === 'frame') return [lastOf(expected.frames), lastOf(frames)]
  if (records.binary.length > 0) return []
  const hasText = expected.text !== ''
  return [
    hasText ? undefined : beginningOf(expected.body),
    hasText && difference === undefined ? undefined : beginningOf(heard.body(BODY_SHOWN)),
  ]
}

/** Without the half of a character where it is cut. */
const beginningOf = (body: Uint8Array): string =>
  new TextDecoder().decode(body.subarray(0, BODY_SHOWN), { stream: true })

/** The last frame of a turn, if it says what its deltas do not: an error, or a message without text, such as a call of a tool. */
function lastOf(frames: readonly string[]): string | undefined {
  const last = frames.at(-1) ?? ''
  const frame = frameIn(last)
  if (frame?.type === 'error') return `${frame.code ?? 'error'}: ${frame.message}`
  return frame?.type === 'message' && frame.message === '' ? last : undefined
}
