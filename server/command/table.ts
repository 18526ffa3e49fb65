/** Tables that fit a terminal: cells are cut, and columns are left out if there is no room. Linear in their rows. */
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import type { Terminal } from './terminal.ts'

/** A column of a table of `T`s. */
export interface Column<T> {
  readonly title: string
  /** What is shown of a row: one line without control characters. */
  readonly cell: (row: T) => string
  /** The colour of the cell in a row; undefined for none. */
  readonly style?: (row: T) => Parameters<Terminal['style']>[0] | undefined
  /** Whether its cells are aligned to the right, as numbers are. */
  readonly right?: boolean
  /** If there is no room, the column with the highest number leaves first; one without a number stays. */
  readonly leaves?: number
  /** Of the first column, how narrow it may get before others leave; 30 if it does not say. */
  readonly least?: number
}

const GAP = '  '

/** How narrow the first column may get before others leave. */
const MIN_FIRST = 30

/**
 * The lines of a table, its titles first. The first column gets the room that the others leave. It is cut in the middle:
 * names differ in their ends.
 */
export function table<T>(terminal: Terminal, columns: readonly Column<T>[], rows: readonly T[]): string[] {
  const measured = columns.map((column) => {
    const cells = rows.map(column.cell)
    return { column, cells, width: cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(column.title)) }
  })
  const [first, ...others] = measured
  if (!first) return []
  const roomBeside = (shown: readonly { width: number }[]) =>
    terminal.columns - shown.reduce((sum, { width }) => sum + GAP.length + width, 0)
  const wanted = Math.min(first.width, first.column.least ?? MIN_FIRST)
  const leaving = others.map(({ column }) => column.leaves ?? 0).toSorted((a, b) => b - a)
  const beside = leaving.reduce(
    (shown, leaves) =>
      leaves === 0 || roomBeside(shown) >= wanted ? shown : shown.filter(({ column }) => column.leaves !== leaves),
    others,
  )
  const shown = [{ ...first, width: Math.max(1, Math.min(first.width, roomBeside(beside))) }, ...beside]
  const line = (cellOf: (place: (typeof shown)[number]) => readonly [text: string, styled: string]) =>
    shown
      .map((place, index) => {
        const [text, styled] = cellOf(place)
        const space = ' '.repeat(Math.max(0, place.width - widthOf(text)))
        if (place.column.right) return space + styled
        return index === shown.length - 1 ? styled : styled + space
      })
      .join(GAP)
  return [
    line(({ column: { title } }) => [title, terminal.style('dim', title)]),
    ...rows.map((row, index) =>
      line(({ column, cells, width }) => {
        const text = cutInTheMiddle(cells[index] ?? '', width)
        const style = column.style?.(row)
        return [text, style === undefined ? text : terminal.style(style, text)]
      }),
    ),
  ]
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

const charactersOf = (text: string): string[] => Array.from(graphemes.segment(text), ({ segment }) => segment)

/** Characters that take two columns of a terminal: those of East Asian scripts, and emoji. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\p{Script=Han}\p{Emoji_Presentation}]/u

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  return charactersOf(text).reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0)
}

/** A text in at most `width` columns. Of a longer one both ends are left, the second as long as the key in a name. */
export function cutInTheMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  const take = (characters: readonly string[], room: number): string[] => {
    const taken: string[] = []
    for (const character of characters) {
      room -= widthOf(character)
      if (room < 0) break
      taken.push(character)
    }
    return taken
  }
  const characters = charactersOf(text)
  const tail = take(characters.toReversed(), Math.min(MAX_TAIL, Math.floor((width - 1) * TAIL))).toReversed()
  return `${take(characters, width - 1 - tail.reduce((sum, each) => sum + widthOf(each), 0)).join('')}…${tail.join('')}`
}

/** How long the second end is at most. */
const MAX_TAIL = NAME_KEY_CHARS + 1

/** How much of the room it gets at most. */
const TAIL = 0.6
