/**
 * What tells texts apart that stream in turns: members of the events whose values come again after others, such as the id
 * of a message, the number of a choice, or a member that only some of them have. Each API has another name for it.
 */
import { isApiId } from '../api/words.ts'
import { type JsonValue, isObject, memberOf } from '../base/json.ts'
import type { Place } from '../base/json-text.ts'

/** What may tell texts apart; `undefined` stands for a member that is not there. */
type Label = string | number | boolean | null | undefined

/** A member that tells texts apart. */
export interface Teller {
  readonly place: Place
  /** Whether its name says that it does. Any other may have values that come again by chance. */
  readonly isNamedSo: boolean
}

/** A member of the events of one type, and the values that it had. */
interface Member {
  readonly place: Place
  readonly members: Map<string | number, Member>
  readonly values: Set<Label>
  last: Label
  /** Whether one event alone has it. */
  isOnce: boolean
  /** How many events came before the last one that has it. */
  at: number
  /** Whether a value came again after another one. */
  comesAgain: boolean
  /** How often events followed each other that do not have it. */
  gaps: number
}

/** A member with more values than that counts something, or is a text. */
const MAX_VALUES = 64

/** A longer text is no name of anything. */
const MAX_LABEL_CHARS = 128

/** How many members of the events of one type are followed: an API may give each event others. */
const MAX_MEMBERS = 1024

/** How many members that tell texts apart are tried: those with the fewest values, and last those of one event alone. */
const MAX_TELLERS = 8

/** The events of one type, as they come. */
export interface Turns {
  take(event: JsonValue): void
  /** What may tell apart the texts in them. */
  tellers(): Teller[]
}

/** Follows the events of one type. What it costs is a look at each of their members. */
export function createTurns(): Turns {
  const root = emptyAt([])
  const room = { left: MAX_MEMBERS }
  let events = 0
  return {
    take(event) {
      look(root, event, events++, room)
    },
    tellers: () =>
      Array.from(tellingIn(root, events))
        .toSorted((a, b) => Number(a.isOnce) - Number(b.isOnce) || a.values.size - b.values.size)
        .slice(0, MAX_TELLERS)
        .map(({ place }) => ({ place, isNamedSo: isNameOfPlace(place) })),
  }
}

const emptyAt = (place: Place): Member => ({
  place,
  members: new Map(),
  values: new Set(),
  last: undefined,
  isOnce: true,
  at: -1,
  comesAgain: false,
  gaps: 0,
})

/** For how many members more there is room. */
interface Room {
  left: number
}

function look(member: Member, value: JsonValue, at: number, room: Room): void {
  if (typeof value !== 'object' || value === null) return note(member, value, at)
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) lookInto(member, index, each, at, room)
  } else {
    for (const name in value) lookInto(member, name, value[name] ?? null, at, room)
  }
}

function lookInto(within: Member, name: string | number, value: JsonValue, at: number, room: Room): void {
  const known = within.members.get(name)
  if (!known && room.left === 0) return
  const member = known ?? emptyAt([...within.place, name])
  if (!known) {
    room.left--
    within.members.set(name, member)
  }
  look(member, value, at, room)
}

/** Notes the value of a member in the event before which so many came. */
function note(member: Member, value: Label, at: number): void {
  const goesOn = member.at === at - 1
  if (member.at !== -1) member.isOnce = false
  if (!goesOn) member.gaps++
  if (!goesOn || member.last !== value) {
    if (member.values.has(value)) member.comesAgain = true
    else if (member.values.size <= MAX_VALUES && !isLong(value)) member.values.add(value)
    member.last = value
  }
  member.at = at
}

const isLong = (value: Label): boolean => typeof value === 'string' && value.length > MAX_LABEL_CHARS

function* tellingIn(member: Member, events: number): Generator<Member> {
  const gaps = member.gaps + (member.at === events - 1 ? 0 : 1)
  if (member.values.size > 0 && member.values.size <= MAX_VALUES && (member.comesAgain || gaps > 1)) yield member
  for (const each of member.members.values()) yield* tellingIn(each, events)
}

/** Whether the name of the member at a place says that it tells things apart. */
const isNameOfPlace = (place: Place): boolean => {
  const name = place.findLast((step) => typeof step === 'string')
  return name !== undefined && (isApiId(name) || /(?:^|_)index$|[a-z]Index$/.test(name))
}

/** A way to put texts in groups: for each of them the number of its group. */
export interface Grouping {
  readonly groups: readonly number[]
  readonly isNamedSo: boolean
}

/**
 * The ways in which these members tell texts apart: each of them alone, and those with the fewest values together. None
 * is given twice, nor one that puts all of them into one group, or each into its own.
 *
 * @param events the event that each of the texts stands in
 * @param known how they are told apart already
 */
export function groupingsBy(
  tellers: readonly Teller[],
  events: readonly JsonValue[],
  known: readonly unknown[],
): Grouping[] {
  const seen = new Set([numbered(known).join()])
  const groupings: Grouping[] = []
  const add = (groups: readonly number[], isNamedSo: boolean) => {
    const mark = groups.join()
    const count = new Set(groups).size
    if (seen.has(mark) || count < 2 || count === groups.length) return
    seen.add(mark)
    groupings.push({ groups, isNamedSo })
  }
  let together: readonly number[] = events.map(() => 0)
  let areNamedSo = true
  for (const { place, isNamedSo } of tellers) {
    const alone = numbered(events.map((event) => labelAt(event, place)))
    add(alone, isNamedSo)
    together = numbered(together.map((group, index) => `${group} ${alone[index]}`))
    areNamedSo &&= isNamedSo
    add(together, areNamedSo)
  }
  return groupings
}

/** Numbers in place of labels, in the order in which they first come. */
function numbered(labels: readonly unknown[]): number[] {
  const numbers = new Map<unknown, number>()
  return labels.map((label) => {
    const known = numbers.get(label) ?? numbers.size
    numbers.set(label, known)
    return known
  })
}

function labelAt(event: JsonValue, place: Place): Label {
  let at: JsonValue | undefined = event
  for (const step of place) at = valueIn(at, step)
  return typeof at === 'object' && at !== null ? undefined : at
}

/** What stands in a value at one step of a place. */
export const valueIn = (value: JsonValue | undefined, step: string | number): JsonValue | undefined =>
  typeof step === 'number'
    ? Array.isArray(value)
      ? value[step]
      : undefined
    : isObject(value)
      ? memberOf(value, step)
      : undefined
