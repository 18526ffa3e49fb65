/** Numbers of both sides, and how they differ. Pure. */
import type { Compared, View } from '../../server/serve/page/data.ts'
import { NONE, bytes, duration, number } from '../parts/format.ts'

/** A number on both sides; undefined on the side that does not have it. */
export interface Figure {
  readonly name: string
  readonly before: number | undefined
  readonly after: number | undefined
  /** How it is written. */
  readonly say: (value: number | undefined) => string
}

const silence = ({ gap }: View): number | undefined => gap && gap.to - gap.from

/** When things came, and how much there was; what neither side has is left out. */
export const measuresOf = ({ before, after }: Pick<Compared, 'before' | 'after'>): Figure[] => {
  const both = (name: string, of: (view: View) => number | undefined, say: Figure['say']): Figure => ({
    name,
    before: of(before),
    after: of(after),
    say,
  })
  return [
    both('First delta', ({ firstDeltaMs }) => firstDeltaMs, duration),
    both('Longest gap', silence, duration),
    both('Took', ({ durationMs }) => durationMs, duration),
    both('Records', ({ records }) => records.at.length, number),
    both('Bytes', ({ bytes: size }) => size, bytes),
  ].filter(({ before: was, after: is }) => was !== undefined || is !== undefined)
}

/** The tokens of both sides, in the words of the API: every number there is, by its path. */
export function usageOf({ before, after }: Pick<Compared, 'before' | 'after'>): Figure[] {
  const [left, right] = [numbersIn(before.usage), numbersIn(after.usage)]
  return [...new Set([...left.keys(), ...right.keys()])].map((name) => ({
    name,
    before: left.get(name),
    after: right.get(name),
    say: number,
  }))
}

/** How deep numbers are looked for. */
const MAX_DEPTH = 6

function numbersIn(root: unknown): Map<string, number> {
  const found = new Map<string, number>()
  const walk = (value: unknown, path: string, depth: number): void => {
    if (typeof value === 'number') found.set(path, value)
    else if (typeof value === 'object' && value !== null && depth < MAX_DEPTH) {
      for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`, depth + 1)
    }
  }
  walk(root, '', 0)
  return found
}

/** How a number changed: `+120 ms (+12 %)`; `0` if it did not, and a dash if one side does not have it. */
export function differenceOf({ before, after, say }: Figure): string {
  if (before === undefined || after === undefined) return NONE
  const by = after - before
  if (by === 0) return '0'
  const sign = by > 0 ? '+' : '−'
  const percent = Math.round((Math.abs(by) / before) * 100)
  const part = before > 0 && percent > 0 && percent < 1000 ? ` (${sign}${percent} %)` : ''
  return `${sign}${say(Math.abs(by))}${part}`
}
