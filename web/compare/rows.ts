/** The records of both sides as rows: runs of one type, and on demand the records in them. Pure. */
import type { Compared, View } from '../../server/serve/page/data.ts'

export type Row =
  | {
      readonly kind: 'run'
      /** Which run it is, from 0 on. */
      readonly run: number
      readonly type: string
      /** How many records each side has in it. */
      readonly before: number
      readonly after: number
      readonly isOpen: boolean
    }
  /** A record of each side, from 0 on; undefined on the side that has no such record in the run. */
  | { readonly kind: 'record'; readonly before: number | undefined; readonly after: number | undefined }

/**
 * The rows that are shown.
 *
 * @param open the runs that are unfolded
 */
export function rowsOf(runs: Compared['runs'], open: ReadonlySet<number>): Row[] {
  const rows: Row[] = []
  let [left, right] = [0, 0]
  for (const [run, { type, before, after }] of runs.entries()) {
    const isOpen = open.has(run)
    rows.push({ kind: 'run', run, type, before, after, isOpen })
    const most = isOpen ? Math.max(before, after) : 0
    for (let index = 0; index < most; index += 1) {
      rows.push({
        kind: 'record',
        before: index < before ? left + index : undefined,
        after: index < after ? right + index : undefined,
      })
    }
    left += before
    right += after
  }
  return rows
}

/** What each record says, by its number; those that say nothing are left out. */
export function textsOf({ pieces }: Pick<View, 'pieces'>): ReadonlyMap<number, string> {
  const texts = new Map<number, string>()
  for (const [index, record] of pieces.record.entries()) {
    texts.set(record, (texts.get(record) ?? '') + (pieces.text[index] ?? ''))
  }
  return texts
}

/** How many more, or fewer, there are after than before; the sign alone if one side has none. */
export function signOf({ before, after }: { readonly before: number; readonly after: number }): string {
  if (before === after) return ''
  if (before === 0) return '+'
  if (after === 0) return '−'
  return after > before ? `+${after - before}` : `−${before - after}`
}

/** The type of a record as people read it. */
export const shortType = (type: string): string => type.replace(/^response\./, '') || '(no type)'
