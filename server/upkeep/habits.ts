/** What an upstream does in its own way: unusual, and no damage, since it was recorded as it came. Pure. */
import { isTerminal, partOf } from '../api/responses/events.ts'
import { EVENT_TYPES } from '../api/responses/types.ts'
import type { NumberedEvent } from './leaks.ts'
import { type Problem, warning } from './problem.ts'

/** One habit, and the line that shows it first. */
interface Habit {
  readonly line: number
  readonly what: string
}

/** The one warning about all habits that the events of a Responses answer show. */
export function habitsIn(events: readonly NumberedEvent[], name: string): Problem[] {
  const habits = [sequenceHabit(events), deltaHabit(events), typeHabit(events), endHabit(events)]
  const found = habits.filter((habit) => habit !== undefined).toSorted((a, b) => a.line - b.line)
  const [first] = found
  if (!first) return []
  const told = found.map(({ line, what }) => `${what} (line ${line})`).join('; ')
  return [warning(name, first.line, 'habit', `unusual, and replayed as it is: ${told}`)]
}

/** Some upstreams have no numbers, and an answer that was picked up begins later: neither is told. */
function sequenceHabit(events: readonly NumberedEvent[]): Habit | undefined {
  let before = -Infinity
  for (const { number: line, event } of events) {
    const sequence = event.body.sequence_number
    if (typeof sequence !== 'number') continue
    if (sequence <= before) return { line, what: `a sequence number that does not rise, ${sequence} after ${before}` }
    before = sequence
  }
  return undefined
}

/** The members that hold a part's whole text, in the events that end a part. */
const WHOLE_TEXT = ['text', 'refusal', 'arguments', 'code', 'input'] as const

function deltaHabit(events: readonly NumberedEvent[]): Habit | undefined {
  const parts = new Map<string, string>()
  for (const { number: line, event } of events) {
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
      return { line, what: `deltas that do not add up to the text of their part, from character ${from} on` }
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

/** How many unknown types are named. */
const MAX_NAMED = 3

function typeHabit(events: readonly NumberedEvent[]): Habit | undefined {
  const unknown = events.filter(({ event }) => !KNOWN_TYPES.has(event.type))
  const [first] = unknown
  if (!first) return undefined
  const types = [...new Set(unknown.map(({ event }) => event.type))]
  const named = types.slice(0, MAX_NAMED).map((type) => (type === '' ? 'none at all' : JSON.stringify(type)))
  const more = types.length > MAX_NAMED ? ` and ${types.length - MAX_NAMED} more` : ''
  const what = `types of events that the installed OpenAI SDK does not know, ${named.join(', ')}${more}`
  return { line: first.number, what }
}

/** The API itself sends `response.failed` after `error`. */
function endHabit(events: readonly NumberedEvent[]): Habit | undefined {
  const end = events.findIndex(({ event }) => isTerminal(event))
  const ends = events[end]?.event.type
  const after = events.slice(end + 1)
  const late =
    end === -1
      ? undefined
      : after.find(({ event }, index) => !(index === 0 && ends === 'error' && event.type === 'response.failed'))
  return late && { line: late.number, what: `an event of type ${JSON.stringify(late.event.type)} after ${ends}` }
}
