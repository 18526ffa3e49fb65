/** How a replay spends the recorded time, in the words that the server takes. Pure. */

/** What the menu offers. The first is what happens if nothing is chosen. */
export const PACES = ['recorded', '2x', '4x', '16x', 'instant', '15ms', '100ms']

const FORM = /^(\d{1,9}(?:\.\d{1,9})?)(x|ms)$/

/** A pace that stands in the address, if it is one; the recorded one otherwise. */
export function paceIn(word: string | null): string {
  if (word === 'instant') return word
  const [, amount, unit] = FORM.exec(word ?? '') ?? []
  return word !== null && (unit === 'ms' || Number(amount) > 0) ? word : 'recorded'
}

/** When a record is due, in ms since the request was sent; undefined where all of it is due at once. */
export type Due = (at: number, record: number) => number

/** @param word a pace that {@link paceIn} gave */
export function dueAt(word: string): Due | undefined {
  const [, amount = '1', unit = 'x'] = FORM.exec(word) ?? []
  if (word === 'instant') return undefined
  return unit === 'ms' ? (_at, record) => record * Number(amount) : (at) => at / Number(amount)
}
