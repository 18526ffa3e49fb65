/** Where two timelines stand above each other, from top to bottom, in CSS pixels. Pure. */
import type { View } from '../../server/serve/page/data.ts'
import { type Lane, type LaneKind, lanesOf } from '../parts/lanes.ts'

/** The axis on top, and the room for labels above the lanes of each side. */
export const AXIS = 24
export const FLAGS = 34
export const LANE = 16
const LANE_GAP = 3
const SIDE_GAP = 12

/** At the left and right, so that the first and the last label of the axis are whole. */
export const EDGE = 14

/** The timeline of one side. */
export interface Strip {
  readonly view: View
  readonly lanes: readonly (Lane & { readonly top: number })[]
  /** Where its labels begin, its lanes begin, and it ends. */
  readonly top: number
  readonly lanesTop: number
  readonly bottom: number
}

/** Both sides have the same lanes, so that what stands above each other is the same: those that either of them has. */
export function stripsOf(views: readonly [View, View]): readonly Strip[] {
  const both = views.map((view) => lanesOf(view))
  const kinds = LANES.filter((kind) => both.some((lanes) => lanes.some((lane) => lane.kind === kind)))
  const high = FLAGS + kinds.length * (LANE + LANE_GAP)
  return views.map((view, side) => {
    const top = AXIS + side * (high + SIDE_GAP)
    const lanes = kinds.map((kind, index) => ({
      kind,
      items: both[side]?.find((lane) => lane.kind === kind)?.items ?? [],
      top: top + FLAGS + index * (LANE + LANE_GAP),
    }))
    return { view, lanes, top, lanesTop: top + FLAGS, bottom: top + high - LANE_GAP }
  })
}

const LANES: readonly LaneKind[] = ['reasoning', 'tool', 'text', 'other']

/** What had come of a side by a time: how many records, and how many characters of text. */
export function stateAt(
  { records, pieces, blocks }: View,
  time: number,
): { readonly records: number; readonly chars: number } {
  let chars = 0
  for (const [index, record] of pieces.record.entries()) {
    if ((records.at[record] ?? 0) > time) continue
    if (blocks[pieces.block[index] ?? -1]?.kind === 'text') chars += pieces.text[index]?.length ?? 0
  }
  // A clock may have gone back: the count is of those that had come, wherever they stand.
  return { records: records.at.reduce((count, at) => (at <= time ? count + 1 : count), 0), chars }
}
