/** Where two timelines stand above each other, from top to bottom, in CSS pixels. Pure. */
import type { View } from '../../server/serve/page/data.ts'
import { type Lane, ORDER, lanesOf } from '../parts/lanes.ts'

/** The axis on top, and the room for labels above the lanes of each side. */
export const AXIS = 24
const FLAGS = 34
export const LANE = 16
const LANE_GAP = 3
const SIDE_GAP = 12

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
  const kinds = ORDER.filter((kind) => both.some((lanes) => lanes.some((lane) => lane.kind === kind)))
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

/** How many records of a side had come by a time. A clock may have gone back: they are counted wherever they stand. */
export const comeBy = ({ records }: View, time: number): number => records.at.filter((at) => at <= time).length
