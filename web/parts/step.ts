/** What keys do in a list. Pure. */
import { type Pressed, keyOf } from './key.ts'

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, j: 1, k: -1 }

/** Where a key leads in a list; undefined if nowhere. */
export function stepped(pressed: Pressed, now: number, count: number): number | undefined {
  const key = keyOf(pressed)
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  const step = STEPS[key]
  return step === undefined ? undefined : Math.max(0, Math.min(count - 1, now + step))
}
