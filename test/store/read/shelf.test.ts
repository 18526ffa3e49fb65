import { expect, test } from 'vitest'
import { DamageError } from '../../../server/fixture/damage.ts'
import { type Sketch, likenessOf } from '../../../server/fixture/sketch.ts'
import { createShelf } from '../../../server/store/read/shelf.ts'
import { fixtureOf } from '../../kit/fixtures.ts'
import { HI } from '../kit.ts'

const LIKENESS = likenessOf(fixtureOf(HI, []))

const sketch = (name: string, recordedAt: string, more: Partial<Sketch> = {}): Sketch => ({
  name,
  key: `key of ${name}`,
  responseId: 'resp_same',
  recordedAt,
  knownBy: [],
  ...LIKENESS,
  ...more,
})

test('knows the last recorded answer of an id, whatever comes, changes and goes', () => {
  const shelf = createShelf()
  for (const [index, name] of ['a', 'c', 'b'].entries()) {
    shelf.set(name, { version: '1', read: sketch(name, `2026-01-0${index + 1}`) })
  }
  expect(shelf.newestWith('resp_same')?.name).toBe('b')
  expect([...shelf.keysWith('resp_same', 2)]).toHaveLength(2)
  shelf.delete('b')
  expect(shelf.newestWith('resp_same')?.name).toBe('c')
  shelf.set('c', { version: '2', read: new DamageError('c', 1, 'it is damaged') })
  expect(shelf.newestWith('resp_same')?.name).toBe('a')
  shelf.set('a', { version: '2', read: sketch('a', '2026-01-09', { responseId: 'resp_other' }) })
  expect(shelf.newestWith('resp_same')).toBeUndefined()
  expect(shelf.answering('key of a', 'resp_other')?.name).toBe('a')
  expect([...shelf.namesOf('key of b')]).toEqual([])
})

test('holds so many bytes, and forgets the oldest entirely', () => {
  const shelf = createShelf()
  const long = 'x'.repeat(250)
  for (let index = 0; index < 150_000; index++) {
    const name = `${index}-${long}`
    shelf.set(name, { version: '1', read: sketch(name, '', { responseId: `resp_${index}` }) })
    if (index === 0) expect(shelf.newestWith('resp_0')).toBeDefined()
  }
  expect(shelf.newestWith('resp_0')).toBeUndefined()
  expect(shelf.newestWith('resp_149999')).toBeDefined()
})
