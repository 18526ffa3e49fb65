/** Which rows of a long list are in sight. Rows are of one height; all sizes are CSS pixels. Pure. */

/** How many rows are drawn above and below what is seen, so that a fast scroll finds some. */
const MARGIN = 6

export interface Sight {
  /** The first row that is drawn, and the one after the last. */
  readonly from: number
  readonly to: number
}

export function sightOf(top: number, height: number, rowHeight: number, count: number): Sight {
  const first = Math.floor(top / rowHeight)
  const rows = Math.ceil(height / rowHeight) + 1
  return {
    from: Math.max(0, Math.min(first - MARGIN, count)),
    to: Math.max(0, Math.min(first + rows + MARGIN, count)),
  }
}

/** Where to scroll so that a row is whole in sight, by the shortest way. */
export function topFor(row: number, top: number, height: number, rowHeight: number): number {
  const [from, to] = [row * rowHeight, (row + 1) * rowHeight]
  if (from < top) return from
  return to > top + height ? to - height : top
}
