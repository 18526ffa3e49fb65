import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutInTheMiddle, table, widthOf, type Column } from '../../server/command/table.ts'
import { fakeTerminal } from '../kit/tools.ts'

interface Row {
  readonly name: string
  readonly count: number
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'name', cell: ({ name }) => name },
  { title: 'first to leave', cell: () => 'x', leaves: 2 },
  { title: 'count', cell: ({ count }) => String(count), right: true },
  { title: 'second', cell: () => 'y', leaves: 1 },
]

const drawn = (columns: number, ...rows: Row[]) => table({ ...fakeTerminal(), columns }, COLUMNS, rows)

test('columns stand under their titles, numbers to the right', () => {
  expect(drawn(80, { name: 'a', count: 1 }, { name: 'long one', count: 1000 })).toEqual([
    'name      first to leave  count  second',
    'a         x                   1  y',
    'long one  x                1000  y',
  ])
})

test('where there is no room columns leave, and then names are cut in the middle', () => {
  const row = { name: 'the-words-of-a-very-long-question-0123456789ab', count: 7 }
  expect(drawn(60, row)).toEqual([
    'name                                           count  second',
    'the-words-of-a-very-long-questi…-0123456789ab      7  y',
  ])
  expect(drawn(30, row)).toEqual(['name                     count', 'the-words…-0123456789ab      7'])
})

test('colours are of the cell alone, and take no room', () => {
  const terminal = { ...fakeTerminal(), style: (style: unknown, text: string) => `<${String(style)}>${text}</>` }
  const columns: Column<Row>[] = [
    { title: 'name', cell: ({ name }) => name, style: ({ count }) => (count > 1 ? 'red' : undefined) },
    { title: 'n', cell: ({ count }) => String(count), right: true, style: () => 'green' },
  ]
  expect(
    table(terminal, columns, [
      { name: 'aaaaa', count: 1 },
      { name: 'b', count: 22 },
    ]),
  ).toEqual(['<dim>name</>    <dim>n</>', 'aaaaa   <green>1</>', '<red>b</>      <green>22</>'])
})

test('a table without columns has no lines', () => {
  expect(table(fakeTerminal(), [], [])).toEqual([])
})

test('wide characters take two columns', () => {
  expect(['abc', 'ää', '世界', '👋🏽', 'ハロー', '한', '！', '…'].map(widthOf)).toEqual([3, 2, 4, 2, 6, 2, 2, 1])
})

test('what is cut has at most the width, and both of its ends', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 80 })
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 60 }), (text, width) => {
      const cut = cutInTheMiddle(text, width)
      expect(widthOf(cut)).toBeLessThanOrEqual(width)
      const [head = '', tail = ''] = widthOf(text) <= width || text.includes('…') ? [text, text] : cut.split('…')
      expect(text.startsWith(head) && text.endsWith(tail)).toBe(true)
    }),
  )
})

test('no line is wider than the terminal, unless nothing can leave', () => {
  const rows = fc.array(fc.record({ name: fc.string({ unit: 'grapheme' }), count: fc.nat() }), { minLength: 1 })
  fc.assert(
    fc.property(rows, fc.integer({ min: 40, max: 120 }), (some, columns) => {
      for (const line of drawn(columns, ...some)) expect(widthOf(line)).toBeLessThanOrEqual(columns)
    }),
  )
})
