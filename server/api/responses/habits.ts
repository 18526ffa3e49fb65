/** What an upstream does in its own way: unusual, and no damage, since it was recorded as it came. Pure. */
import type { Habit } from '../api.ts'
import type { ModelEvent } from '../event.ts'
import { isTerminal, partOf } from './events.ts'
import { EVENT_TYPES } from './types.ts'

/** All habits that the events of an answer show. */
export const habitsIn = (events: readonly ModelEvent[]): Habit[] =>
  [sequenceHabit(events), deltaHabit(events), typeHabit(events), endHabit(events)].filter(
    (habit) => habit !== undefined,
  )

/** Some upstreams have no numbers, and an answer that was picked up begins later: neither is told. */
function sequenceHabit(events: readonly ModelEvent[]): Habit | undefined {
  let before = -Infinity
  for (const [index, { body }] of events.entries()) {
    const sequence = body.sequence_number
    if (typeof sequence !== 'number') continue
    if (sequence <= before) return { index, what: `a sequence number that does not rise, ${sequence} after ${before}` }
    before = sequence
  }
  return undefined
}

/** The members that hold a part's whole text, in the events that end a part. */
const WHOLE_TEXT = ['text', 'refusal', 'arguments', 'code', 'input'] as const

function deltaHabit(events: readonly ModelEvent[]): Habit | undefined {
  const parts = new Map<string, string>()
  for (const [index, event] of events.entries()) {
    const { body, type } = event
    const part = partOf(event)
    if (typeof body.delta === 'string' && type.endsWith('.delta')) {
      parts.set(part, (parts.get(part) ?? '') + body.delta)
    } else if (type.endsWith('.done')) {
      const joined = parts.get(part)
      const text = WHOLE_TEXT.map((member) => body[member]).find((value) => typeof value === 'string')
      parts.delete(part)
      // A part may come at once, without deltas.
      if (joined === undefined || text === undefined || joined === text) continue
      const from = firstDifference(joined, text)
      return { index, what: `deltas that do not add up to the text of their part, from character ${from} on` }
    }
  }
  return undefined
}

/** The first character that differs, counted from 1. */
function firstDifference(a: string, b: string): number {
  let index = 0
  while (index < a.length && a[index] === b[index]) index++
  return index + 1
}

const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES)

const isUnknown = ({ type }: ModelEvent): boolean => !KNOWN_TYPES.has(type)

/** How many unknown types are named. */
const MAX_NAMED = 3

function typeHabit(events: readonly ModelEvent[]): Habit | undefined {
  const first = events.findIndex(isUnknown)
  if (first === -1) return undefined
  const types = [...new Set(events.filter(isUnknown).map(({ type }) => type))]
  const named = types.slice(0, MAX_NAMED).map((type) => (type === '' ? 'none at all' : JSON.stringify(type)))
  const more = types.length > MAX_NAMED ? ` and ${types.length - MAX_NAMED} more` : ''
  const what = `types of events that the installed OpenAI SDK does not know, ${named.join(', ')}${more}`
  return { index: first, what }
}

/** The API itself sends `response.failed` after `error`. */
function endHabit(events: readonly ModelEvent[]): Habit | undefined {
  const end = events.findIndex(isTerminal)
  const ends = events[end]?.type
  if (ends === undefined) return undefined
  const isOwed = (index: number) => index === end + 1 && ends === 'error' && events[index]?.type === 'response.failed'
  const index = events.findIndex((_event, each) => each > end && !isOwed(each))
  const late = events[index]?.type
  return late === undefined ? undefined : { index, what: `an event of type ${JSON.stringify(late)} after ${ends}` }
}
