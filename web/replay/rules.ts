/** What always holds of an answer, checked on what one replay brought and on the further ones that follow it. Pure. */
import { bytes, counted, duration, number } from '../parts/format.ts'
import { frameIn, isTerminal } from './expected.ts'
import { BROKEN, type Facts, type Pair, isCut, isRecorded } from './facts.ts'
import { type Heard, differenceOf, isWhole } from './heard.ts'

/** What became of a rule, with what was seen. `unchecked` says why. */
export interface Verdict {
  readonly state: 'pending' | 'holds' | 'broken' | 'unchecked'
  readonly seen: string
}

export interface Rule {
  readonly title: string
  readonly check: (facts: Facts) => Verdict
}

export const pending = (seen = ''): Verdict => ({ state: 'pending', seen })
export const holds = (seen: string): Verdict => ({ state: 'holds', seen })
export const broken = (seen: string): Verdict => ({ state: 'broken', seen })
export const unchecked = (seen: string): Verdict => ({ state: 'unchecked', seen })

const STOPPED = unchecked('It was stopped before this could be seen.')

/** A rule whose facts are not there yet. */
const waiting = ({ stopped }: Facts, seen?: string): Verdict => (stopped ? STOPPED : pending(seen))

/** Whether a mix decides anew at each try what breaks. */
const isMix = ({ fault }: Facts): boolean => fault.includes('chaos:')

/** Whether what came is the recording up to where the fault cuts it; undefined if nobody can tell where that is. */
function isBeginning({ heard: { difference, length, end }, cut }: Facts): boolean | undefined {
  if (cut === undefined) return undefined
  if (end?.how === 'broken' && difference === undefined) return true
  return (difference ?? length) >= cut.length
}

function oneEnd(facts: Facts): Verdict {
  const { heard, cut } = facts
  const { end, frames } = heard
  const ends = frames.filter((frame) => isTerminal(frameIn(frame))).length
  if (ends > 1) return broken(`${ends} frames end the turn.`)
  if (ends === 1 && !isTerminal(frameIn(frames.at(-1) ?? '')))
    return broken('A frame came after the one that ends the turn.')
  if (end === undefined) return waiting(facts, `${counted(frames.length, 'frame')}, none of them an end yet.`)
  if (end.how === 'stopped') return STOPPED
  if (end.how !== 'closed') return afterTold(facts)
  if (cut?.fault.kind.ends === 'dropped')
    return holds(
      `No frame ends it, as the connection is gone: closed with ${end.code}, which is what ${facts.fault} does.`,
    )
  return facts.fault === ''
    ? broken(`The connection closed with ${end.code}, and no frame ended the turn.`)
    : unchecked(`The connection closed with ${end.code}: whether ${facts.fault} did that, this page does not know.`)
}

/** A turn with one last frame: a fault says which. */
function afterTold(facts: Facts): Verdict {
  const { end, frames } = facts.heard
  const code = end?.how === 'told' ? end.code : undefined
  const wanted = facts.cut?.fault.kind.ends
  const last = code === undefined ? 'message' : `error ${code}`
  if (isCut(facts) && wanted !== code)
    return broken(`${facts.fault} ends a turn with ${wanted}; this one ended with ${last}.`)
  return holds(`${counted(frames.length, 'frame')}; the last one, ${last}, ends the turn.`)
}

function deltasAddUp(facts: Facts): Verdict {
  const { end, frames, text, expected } = facts.heard
  if (end === undefined) return waiting(facts, `${number(text.length)} characters so far.`)
  if (end.how === 'stopped') return STOPPED
  const last = frameIn(frames.findLast((frame) => isTerminal(frameIn(frame))) ?? '')
  if (last?.type === 'message') {
    return last.message === text
      ? holds(`${counted(deltasIn(frames), 'delta')} and the message: the same ${counted(text.length, 'character')}.`)
      : broken(`The message has ${number(last.message.length)} characters, its deltas have ${number(text.length)}.`)
  }
  if (!expected.text.startsWith(text)) return broken('The deltas are not the beginning of the recorded text.')
  return unchecked(`There is no message to compare: ${counted(deltasIn(frames), 'delta')} came, and then the end.`)
}

const deltasIn = (frames: readonly string[]): number =>
  frames.filter((frame) => frameIn(frame)?.type === 'delta').length

function oneAfterAnother(facts: Facts): Verdict {
  const { pair } = facts
  if (!pair) return waiting(facts)
  const { order, second, closed } = pair
  if (order.includes('nobody')) return broken('A frame is of neither turn.')
  if (second.end?.how === 'told' && second.end.code === 'busy')
    return unchecked('This server lets no second turn wait (MAX_QUEUED_TURNS).')
  const mixed = order.findIndex((whose, at) => whose === 'first' && order[at - 1] === 'second')
  if (mixed !== -1) return broken(`Frame ${mixed + 1} is of the first turn, and came after one of the second.`)
  if (closed !== undefined) {
    return facts.fault === ''
      ? broken(`The connection closed with ${closed} before both turns had ended.`)
      : unchecked(`The fault breaks the connection (${closed}): no second turn is answered on it.`)
  }
  const firsts = order.filter((whose) => whose === 'first').length
  return holds(
    `Two turns at once: ${counted(firsts, 'frame')} of the first, then ${number(order.length - firsts)} of the second.`,
  )
}

function leavingEnds(facts: Facts): Verdict {
  const { left } = facts
  if (!left) return waiting(facts)
  if (left.how === 'unknown') return unchecked(left.why)
  if (left.how === 'open') return broken(`A client left, and ${duration(left.ms)} later its turn went on.`)
  const { turn, came } = left
  const unit = facts.heard.expected.how === 'chat' ? 'frame' : 'byte'
  return turn.code === 'cancelled'
    ? holds(
        `A client left after ${counted(came, unit)}: the server ended its turn, ${duration(turn.ms)} after it began.`,
      )
    : unchecked(`The turn had ended (${turn.code ?? 'whole'}) before its client could leave.`)
}

/** Where two replays differ, in words. */
function sameTwice(facts: Facts, others: readonly Heard[]): Verdict {
  const { heard } = facts
  if (isMix(facts)) return unchecked('A mix of faults decides anew at each try: two replays are not the same.')
  const unit = heard.expected.how === 'chat' ? 'Frame' : 'Byte'
  for (const other of others) {
    const at = differenceOf(heard, other)
    if (at !== undefined) return broken(`${unit} ${number(at + 1)} is not the same in two replays.`)
  }
  if (isCut(facts)) {
    if (isBeginning(facts) === false)
      return broken(
        `${unit} ${number((heard.difference ?? heard.length) + 1)} is not the recorded one, and comes before the fault.`,
      )
  } else if (!isRecorded(facts)) {
    const at = number((heard.difference ?? heard.length) + 1)
    if (facts.fault === '' || facts.cut) return broken(`${unit} ${at} is not what was recorded.`)
    return holds(
      `${times(others.length + 1)} the same ${size(heard)}; other than recorded from ${unit.toLowerCase()} ${at} on, as faults may do.`,
    )
  }
  return holds(
    `${times(others.length + 1)} the same ${size(heard)}${isCut(facts) ? '' : ', and what was recorded'}${shaOf(facts)}.`,
  )
}

const times = (count: number): string => (count === 2 ? 'Twice' : `${count} times`)

const size = ({ expected, length, bytes: of }: Heard): string =>
  expected.how === 'chat' ? counted(length, 'frame') : bytes(of)

function shaOf({ sha256, recorded }: Facts): string {
  if (sha256 === undefined) return ''
  if (sha256 === null) return ' (no SHA-256: this browser computes one for https and this machine alone)'
  return sha256 === recorded.sha256 ? ` (SHA-256 ${sha256.slice(0, 12)}…)` : ''
}

/** The rules of the chat endpoints. */
export const CHAT_RULES: readonly Rule[] = [
  { title: 'One frame ends the turn, and nothing comes after it', check: oneEnd },
  { title: 'The message is its deltas, joined', check: deltasAddUp },
  { title: 'Turns run one after another, and never mix', check: oneAfterAnother },
  { title: 'A client that leaves ends its turn', check: leavingEnds },
  {
    title: 'Two replays send the same bytes',
    check: (facts) => (facts.pair && facts.heard.end ? sameTwice(facts, closedEarly(facts.pair)) : waiting(facts)),
  },
]

/** What of two turns was asked for: nothing of the second if the connection broke before. */
const closedEarly = ({ first, second, closed }: Pair): readonly Heard[] =>
  closed === undefined && !(second.end?.how === 'told' && second.end.code === 'busy') ? [first, second] : [first]

function oneEndOverHttp(facts: Facts): Verdict {
  const { heard, recorded, cut, fault } = facts
  const { end, status } = heard
  if (end === undefined) return waiting(facts, `${bytes(heard.bytes)} so far.`)
  if (end.how === 'stopped') return STOPPED
  const came =
    end.how === 'whole' ? `ended with its ${number(heard.bytes)} bytes` : `broke after ${number(heard.bytes)} bytes`
  if (isCut(facts)) {
    const after = cut?.fault.after === 0 ? cut.fault.kind.ends === 'dropped' : cut?.fault.kind.breaks === true
    const wanted = after ? 'broken' : 'whole'
    return end.how === wanted
      ? holds(`HTTP ${status ?? 'without a status'}: it ${came}, as ${fault} says.`)
      : broken(`It ${came}, and ${fault} says otherwise.`)
  }
  if (fault !== '' && cut === undefined)
    return unchecked(`It ${came}: what these faults do together, this page does not know.`)
  const wanted = BROKEN.has(recorded.ending) ? 'broken' : 'whole'
  if (end.how !== wanted) return broken(`It ${came}; recorded is “${recorded.ending}”.`)
  if (status !== recorded.status && recorded.status !== undefined && status !== undefined)
    return broken(`HTTP ${status}; recorded is HTTP ${recorded.status}.`)
  return holds(`HTTP ${status ?? 'without a status'}: it ${came}, as recorded (${recorded.ending}).`)
}

function textAddsUp(facts: Facts): Verdict {
  const { heard } = facts
  const { text } = heard.expected
  if (text === '') return unchecked('The answer tells no text that this page knows of.')
  if (heard.end === undefined) return waiting(facts)
  if (heard.end.how === 'stopped') return STOPPED
  if (isWhole(heard))
    return holds(`All its records came: their pieces are the whole text, ${counted(text.length, 'character')}.`)
  if (isCut(facts) && isBeginning(facts) !== false)
    return unchecked('The fault cuts the text: its beginning is the recorded one.')
  return facts.fault === ''
    ? broken('Not the recorded records came, so the text is another one.')
    : unchecked('The fault changes what comes.')
}

/** The same ideas for a call over HTTP. */
export const CALL_RULES: readonly Rule[] = [
  { title: 'One end: whole, or broken where it was', check: oneEndOverHttp },
  { title: 'The text is its pieces, joined', check: textAddsUp },
  {
    title: 'Two calls at once do not mix',
    check: (facts) => {
      if (!facts.calls) return waiting(facts)
      if (isMix(facts)) return unchecked('A mix of faults decides anew at each try.')
      const at = differenceOf(...facts.calls)
      return at === undefined
        ? holds(`Two calls at the same time: each got its ${size(facts.calls[0])}.`)
        : broken(`Byte ${number(at + 1)} is not the same in two calls at the same time.`)
    },
  },
  { title: 'A client that leaves ends its call', check: leavingEnds },
  {
    title: 'Two replays send the same bytes',
    check: (facts) => {
      const { calls, sha256, recorded, heard } = facts
      if (!calls || !heard.end || sha256 === undefined) return waiting(facts)
      const isAnother = typeof sha256 === 'string' && recorded.sha256 !== undefined && sha256 !== recorded.sha256
      if (isWhole(heard) && isAnother && !recorded.edited)
        return broken(
          `The body has the SHA-256 ${sha256.slice(0, 12)}…; the fixture says ${recorded.sha256.slice(0, 12)}….`,
        )
      return sameTwice(facts, calls)
    },
  },
]
