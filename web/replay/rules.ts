/** What always holds of an answer, checked on what one replay brought and on the further ones that follow it. Pure. */
import { bytes, counted, number } from '../parts/format.ts'
import { BROKEN, type Facts, isCut, isCutAsMeant, isRecorded } from './facts.ts'
import { type Heard, differenceOf, isWhole } from './heard.ts'
import { endOf } from './said.ts'

/** What became of a rule, with what was seen. `unchecked` says why. */
export interface Verdict {
  readonly state: 'pending' | 'holds' | 'broken' | 'unchecked'
  readonly seen: string
}

/** What a rule says, and its check: undefined as long as the facts are not there. */
export type Rule = readonly [title: string, check: (facts: Facts) => Verdict | undefined]

const holds = (seen: string): Verdict => ({ state: 'holds', seen })
const broken = (seen: string): Verdict => ({ state: 'broken', seen })
const unchecked = (seen: string): Verdict => ({ state: 'unchecked', seen })

export const verdictOf = ([, check]: Rule, facts: Facts): Verdict =>
  check(facts) ?? (facts.stopped ? unchecked('It was stopped before.') : { state: 'pending', seen: '' })

/** Whether a mix decides anew at each try what breaks. */
const isMix = ({ fault }: Facts): boolean => fault.includes('chaos:')
const MIXED = unchecked('A mix of faults decides anew at each try.')

const sizeOf = ({ expected, length }: Heard): string =>
  expected.unit === 'frame' ? counted(length, 'frame') : bytes(length)

/** How a replay ended, unless it was stopped. */
const overOf = ({ end }: Heard) => (end?.how === 'stopped' ? undefined : end)

function oneEnd(facts: Facts): Verdict | undefined {
  const { heard, cut, fault } = facts
  const end = overOf(heard)
  const wanted = cut?.fault.kind.ends
  if (heard.isTrailed) return broken('A frame came after the one that ends the turn.')
  if (!end) return undefined
  const came = `${sizeOf(heard)}, ${endOf(heard)?.word}`
  if (end.how === 'told') {
    return isCut(facts) && wanted !== end.frame.code
      ? broken(`${came}: ${fault} ends a turn otherwise.`)
      : holds(`${came}.`)
  }
  if (wanted === 'dropped') return holds(`${came}, as ${fault} says.`)
  return fault === '' ? broken(`${came}: no frame ended the turn.`) : unchecked(`${came}.`)
}

function deltasAddUp({ heard }: Facts): Verdict | undefined {
  const { text, expected } = heard
  const end = overOf(heard)
  if (!end) return undefined
  if (end.how === 'told' && end.frame.type === 'message') {
    const [deltas, message] = [text, end.frame.message].map((each) => counted(each.length, 'character'))
    return end.frame.message === text ? holds(`${deltas}.`) : broken(`${deltas} in deltas, ${message} in the message.`)
  }
  return expected.text.startsWith(text)
    ? unchecked('No message came.')
    : broken('The deltas are not the beginning of the recorded text.')
}

const isBusy = ({ end }: Heard): boolean => end?.how === 'told' && end.frame.code === 'busy'

function oneAfterAnother({ pair, fault }: Facts): Verdict | undefined {
  if (!pair) return undefined
  const { order, second, closed } = pair
  if (isBusy(second)) return unchecked('This server lets no second turn wait (MAX_QUEUED_TURNS).')
  if (!/^1*2*$/.test(order)) return broken('A frame came among those of another turn.')
  if (closed !== undefined) {
    const came = `The connection closed with ${closed} before both had ended.`
    return fault === '' ? broken(came) : unchecked(came)
  }
  return holds('Two turns at once: first all frames of one, then all of the other.')
}

function leavingEnds({ left, heard }: Facts): Verdict | undefined {
  if (!left) return undefined
  const { turn, came } = left
  const after = `A client left after ${counted(came, heard.expected.unit)}`
  if (!turn) return unchecked('The server told nothing of it.')
  if (turn.open) return broken(`${after}, and its turn went on.`)
  return turn.code === 'cancelled'
    ? holds(`${after}, and the server ended its turn.`)
    : unchecked(`The turn had ended (${turn.code ?? 'whole'}) before its client could leave.`)
}

function sameTwice(facts: Facts): Verdict | undefined {
  const { heard, pair, fault, cut } = facts
  if (!pair || !heard.end) return undefined
  if (isMix(facts)) return MIXED
  const { first, second, closed } = pair
  const { unit } = heard.expected
  for (const other of closed !== undefined || isBusy(second) ? [first] : [first, second]) {
    const at = differenceOf(heard, other)
    if (at !== undefined) return broken(`Two replays differ from ${unit} ${number(at + 1)} on.`)
  }
  const isAsMeant = isRecorded(facts) || isCutAsMeant(facts)
  if (!isAsMeant && (fault === '' || cut))
    return broken(`From ${unit} ${number((heard.difference ?? heard.length) + 1)} on it is not what was recorded.`)
  return holds(`${sizeOf(heard)} each time${isRecorded(facts) ? ', as recorded' : ''}.`)
}

/** The rules of the chat endpoints. */
export const CHAT_RULES: readonly Rule[] = [
  ['One frame ends the turn, and nothing comes after it', oneEnd],
  ['The message is its deltas, joined', deltasAddUp],
  ['Turns run one after another, and never mix', oneAfterAnother],
  ['A client that leaves ends its turn', leavingEnds],
  ['Two replays send the same bytes', sameTwice],
]

function oneEndOfCall(facts: Facts): Verdict | undefined {
  const { heard, recorded, cut, fault } = facts
  const end = overOf(heard)
  if (!end) return undefined
  const came = `${endOf(heard)?.word}, ${bytes(heard.length)}`
  if (isCut(facts)) {
    const breaks = cut?.fault.after === 0 ? cut.fault.kind.ends === 'dropped' : cut?.fault.kind.breaks === true
    return (end.how === 'broken') === breaks
      ? holds(`${came}, as ${fault} says.`)
      : broken(`${came}: ${fault} says otherwise.`)
  }
  if (fault !== '' && !cut) return unchecked(`${came}.`)
  const isOther = heard.status !== undefined && recorded.status !== undefined && heard.status !== recorded.status
  return isOther || (end.how === 'broken') !== BROKEN.has(recorded.ending)
    ? broken(`${came}: recorded is HTTP ${recorded.status}, ${recorded.ending}.`)
    : holds(`${came}, as recorded.`)
}

function textAddsUp(facts: Facts): Verdict | undefined {
  const { heard, fault } = facts
  const { text } = heard.expected
  if (text === '') return unchecked('This page knows of no text in it.')
  if (!overOf(heard)) return undefined
  if (isWhole(heard)) return holds(`All records came: ${counted(text.length, 'character')}.`)
  return fault !== '' || isRecorded(facts)
    ? unchecked('Not all of the text came.')
    : broken('Other records came than the recorded ones.')
}

function callsDoNotMix(facts: Facts): Verdict | undefined {
  const { pair } = facts
  if (!pair) return undefined
  if (isMix(facts)) return MIXED
  const at = differenceOf(pair.first, pair.second)
  return at === undefined
    ? holds(`Each got its ${sizeOf(pair.first)}.`)
    : broken(`Two calls at once differ from byte ${number(at + 1)} on.`)
}

/** The same ideas for a call over HTTP. */
export const CALL_RULES: readonly Rule[] = [
  ['One end: whole, or broken where it was', oneEndOfCall],
  ['The text is its pieces, joined', textAddsUp],
  ['Two calls at once do not mix', callsDoNotMix],
  ['A client that leaves ends its call', leavingEnds],
  ['Two replays send the same bytes', sameTwice],
]
