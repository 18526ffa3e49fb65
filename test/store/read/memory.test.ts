/** What is held in memory, and what gives way. */
import { describe, expect, test } from 'vitest'
import { createTally } from '../../../server/base/memo.ts'
import { createMemory } from '../../../server/store/read/memory.ts'

/** A memory for so many things of one byte, and what asks it for names in turn: how many of them it had. */
function memoryFor(room: number) {
  const memory = createMemory<string>(room)
  const ask = (names: Iterable<string>): number => {
    let hits = 0
    for (const name of names) {
      const known = memory.get(name)
      if (known === undefined) memory.set(name, name, createTally(1))
      else hits++
    }
    return hits
  }
  return { memory, ask }
}

const named = (count: number, prefix = ''): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

describe('the same order again and again', () => {
  test.each([
    ['all of it fits', 100, 100, 1],
    ['it is just too much', 101, 100, 0.99],
    ['a third fits', 3000, 1000, 0.33],
    ['a tenth fits', 1000, 100, 0.1],
  ])('%s: so much is there', (_what, count, room, share) => {
    const { memory, ask } = memoryFor(room)
    ask(named(count))
    const hits = Array.from({ length: 5 }, () => ask(named(count)) / count)
    for (const each of hits) expect(each).toBeCloseTo(share, 1)
    expect(memory.bytes).toBe(room)
  })

  test('with a few others in between that are asked for once', () => {
    const { ask } = memoryFor(100)
    ask(named(100))
    for (let round = 0; round < 50; round++) {
      expect(ask(named(100))).toBe(100)
      expect(ask(named(20, `once ${round} `))).toBe(0)
    }
  })
})

test('what is asked for now takes the place of what was asked for before', () => {
  const { ask } = memoryFor(100)
  ask(named(100))
  ask(named(100))
  expect(ask(named(100, 'new '))).toBe(0)
  expect(ask(named(100, 'new '))).toBe(0)
  expect(ask(named(100, 'new '))).toBe(100)
  expect(ask(named(100))).toBe(0)
})

test('what nobody has asked for in a very long time gives way at once', () => {
  const { ask } = memoryFor(1)
  const others = named(400_000, 'each once ')
  ask(['old'])
  for (const name of others.slice(0, 10)) expect(ask(['old', name])).toBe(1)
  ask(others)
  expect(ask(['old'])).toBe(0)
})

describe('tallies', () => {
  test('what grows counts as what it has become, and others give way', () => {
    const memory = createMemory<string>(100)
    const [one, other] = [createTally(40), createTally(40)]
    memory.set('one', 'one', one)
    memory.set('other', 'other', other)
    expect(memory.bytes).toBe(80)
    other.add(20)
    expect(memory.bytes).toBe(100)
    other.add(1)
    expect(memory.bytes).toBe(61)
    expect([memory.get('one'), memory.get('other')]).toEqual([undefined, 'other'])
    one.add(1000)
    expect(memory.bytes).toBe(61)
  })

  test('what is too large by itself is not held, and what becomes so is let go', () => {
    const memory = createMemory<string>(100)
    memory.set('large', 'large', createTally(101))
    expect([memory.get('large'), memory.bytes]).toEqual([undefined, 0])
    const tally = createTally(100)
    memory.set('growing', 'growing', tally)
    expect(memory.get('growing')).toBe('growing')
    tally.add(1)
    expect([memory.get('growing'), memory.bytes]).toEqual([undefined, 0])
  })

  test('nothing goes for what would not fit after all', () => {
    const memory = createMemory<string>(10)
    const [small, large] = [() => createTally(5), () => createTally(8)]
    memory.set('a', 'a', small())
    memory.set('b', 'b', small())
    memory.set('large', 'large', large())
    memory.get('b')
    memory.set('large', 'large', large())
    expect([memory.get('a'), memory.get('b'), memory.get('large')]).toEqual(['a', 'b', undefined])
  })

  test('another value of a name takes the place of the first, with its own tally', () => {
    const memory = createMemory<string>(100)
    const first = createTally(60)
    memory.set('a', 'first', first)
    memory.set('a', 'second', createTally(70))
    first.add(10)
    expect([memory.get('a'), memory.bytes]).toEqual(['second', 70])
    memory.delete('a')
    expect([memory.get('a'), memory.bytes]).toEqual([undefined, 0])
  })
})
