/** Answers with several choices, which come side by side or one after another: whole when each has said why it ended. */
import type { JsonValue } from '../base/json.ts'

export interface Choices {
  /** Takes a piece of a choice. */
  take(index: JsonValue, isOver: boolean): void
  /** Whether every choice is over that was asked for, or has begun. */
  areOver(): boolean
}

/** @param asked says how many choices the request asks for; what is no number is one. Asked once all that began are over */
export function createChoices(asked: () => JsonValue | undefined): Choices {
  const open = new Set<JsonValue>()
  const over = new Set<JsonValue>()
  return {
    take: (index, isOver) => void (isOver ? over : open).add(index),
    areOver() {
      if (over.size === 0 || ![...open].every((index) => over.has(index))) return false
      const least = asked()
      return typeof least !== 'number' || over.size >= least
    },
  }
}

/** How many choices an API gives at most. */
const MOST_CHOICES = 128

/** How many choices a request asks for: one, if it says nothing. Undefined if no API gives so many. */
export function countOf(asked: JsonValue | undefined): number | undefined {
  const count = typeof asked === 'number' && asked > 1 ? asked : 1
  return Number.isInteger(count) && count <= MOST_CHOICES ? count : undefined
}
