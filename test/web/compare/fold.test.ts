import { expect, test } from 'vitest'
import type { Change } from '../../../server/fixture/words.ts'
import { countsOf, folded } from '../../../web/compare/fold.ts'

const same = (length: number): Change => ({ kind: 'kept', text: 'four '.repeat(length / 5) })
const added: Change = { kind: 'added', text: 'new' }

test('what is the same is shown beside a change, and folded away from it', () => {
  const changes = [same(5000), added, same(5000), added, same(5000)]
  const [first, middle, last] = [folded(changes, 0, 0), folded(changes, 2, 0), folded(changes, 4, 0)]
  expect([first.head, first.tail.length > 150, last.tail, last.head.length > 150]).toEqual(['', true, '', true])
  expect(Math.min(middle.head.length, middle.tail.length)).toBeGreaterThan(150)
  for (const { head, hidden, tail } of [first, middle, last]) expect(head.length + hidden + tail.length).toBe(5000)
})

test('nothing is folded where the button would take as much room', () => {
  expect(folded([same(500), added, same(500)], 1, 0)).toEqual({ head: 'new', hidden: 0, tail: '' })
  expect(folded([added, same(500), added], 1, 0)).toEqual({ head: same(500).text, hidden: 0, tail: '' })
})

test('a text in which nothing changed begins at its beginning, and a click shows more of it', () => {
  const text = [same(100_000)]
  const { head, hidden } = folded(text, 0, 0)
  expect(head).toBe(same(100_000).text.slice(0, head.length))
  expect(folded(text, 0, 20_000).hidden).toBe(hidden - 20_000)
  expect(folded(text, 0, 200_000)).toEqual({ head: same(100_000).text, hidden: 0, tail: '' })
})

test('no pair is cut in two, and no text is lost', () => {
  const text = '👋'.repeat(3000)
  const { head, hidden, tail } = folded([added, { kind: 'kept', text }, added], 1, 0)
  expect([head.isWellFormed(), tail.isWellFormed()]).toEqual([true, true])
  expect(head.length + hidden + tail.length).toBe(text.length)
})

test('counts words of any script', () => {
  expect(countsOf([{ kind: 'added', text: 'two words' }, { kind: 'removed', text: 'one' }, same(50)])).toMatchObject({
    added: 2,
    removed: 1,
  })
  expect(countsOf([{ kind: 'added', text: 'こんにちは世界' }]).added).toBeGreaterThan(1)
})
