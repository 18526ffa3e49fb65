/** Answers with several choices, which come side by side or one after another: whole when each has said why it ended. */
import type { JsonValue } from '../base/json.ts'

export interface Choices {
  /** Takes a piece of a choice. */
  take(index: JsonValue, isOver: boolean): void
  /** Whether every choice is over that was asked for, or has begun. */
  areOver(): boolean
}

/** @param asked how many choices the request asks for; what is no number above 1 is one */
export function createChoices(asked: JsonValue = 1): Choices {
  const open = new Set<JsonValue>()
  const over = new Set<JsonValue>()
  const least = typeof asked === 'number' ? Math.max(asked, 1) : 1
  return {
    take: (index, isOver) => void (isOver ? over : open).add(index),
    areOver: () => over.size >= least && [...open].every((index) => over.has(index)),
  }
}
