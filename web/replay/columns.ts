/** Arrivals on a time axis, as columns of pixels. Pure. */
import type { View } from '../../server/serve/page/data.ts'
import type { Expected } from './expected.ts'
import type { Due } from './pace.ts'

/** How wide a column is, in CSS pixels. */
export const COLUMN = 3

/** How many arrivals are in each column. */
export function countsIn(at: readonly number[], span: number, width: number): readonly number[] {
  const counts = Array.from({ length: Math.max(1, Math.floor(width / COLUMN)) }, () => 0)
  for (const each of at) {
    const column = span > 0 ? Math.floor((each / span) * counts.length) : 0
    const index = Math.max(0, Math.min(column, counts.length - 1))
    counts[index] = (counts[index] ?? 0) + 1
  }
  return counts
}

/** How high a column is, from 0 to 1: by the root, so that a single arrival is seen beside a thousand. */
export const heightOf = (count: number, most: number): number =>
  count === 0 ? 0 : Math.max(0.25, Math.sqrt(count / most))

/** When what was recorded is due: a time for each frame of a chat, or for each record of a body. */
export function recordedTimes(
  { records }: Pick<View, 'records'>,
  expected: Expected,
  due: Due | undefined,
): readonly number[] {
  const { until, unit, endedAt } = expected
  const times: number[] = []
  for (const [index, total] of until.entries()) {
    const at = records.at[index] ?? endedAt
    const count = total - (until[index - 1] ?? 0)
    const time = due === undefined ? at : due(at, index)
    const many = unit === 'frame' ? count : Math.min(count, 1)
    for (let each = 0; each < many; each++) times.push(time)
  }
  return times
}

/** How long the recording is at a pace, in ms. */
export const recordedSpan = (
  { records }: Pick<View, 'records'>,
  { endedAt }: Expected,
  due: Due | undefined,
): number => (due === undefined ? endedAt : due(endedAt, records.at.length))
