import { describe, expect, test } from 'vitest'
import type { Place } from '../../server/base/json-text.ts'
import { follow, nameIn, parsePath } from '../../server/redact/path.ts'

const leads = (text: string, place: Place): boolean => {
  const path = parsePath(text)
  if (!path) throw new Error(`no path: ${text}`)
  const leadsTo = follow(path)
  return place.map((_step, depth) => leadsTo(place.slice(0, depth + 1))).at(-1) ?? false
}

describe('a path leads', () => {
  test.each<[string, Place, Place]>([
    ['$.a.b', ['a', 'b'], ['a']],
    ['$.a.b', ['a', 'b'], ['a', 'b', 'c']],
    ['$.a[0]', ['a', 0], ['a', 1]],
    ['$.a[*].b', ['a', 3, 'b'], ['a', 3, 'c']],
    ['$.a.*', ['a', 'x'], ['b', 'x']],
    ["$['a b']", ['a b'], ['a']],
    ['$["a.b"].c', ['a.b', 'c'], ['a', 'b', 'c']],
    ['$..name', ['x', 0, 'name'], ['x', 0, 'names']],
    ['$..name', ['name'], ['name', 'x']],
    ['$.a..b.c', ['a', 'x', 'b', 'c'], ['b', 'c']],
    ['$..a..b', ['a', 'a', 'b', 'b'], ['b', 'a']],
  ])('%s to %j, and not to %j', (text, place, other) => {
    expect(leads(text, place)).toBe(true)
    expect(leads(text, other)).toBe(false)
  })
})

test('what is no path is none', () => {
  for (const text of [
    '',
    '$',
    'a',
    '$a',
    '$.',
    '$..',
    '$.a.',
    '$.a[',
    '$.a[-1]',
    '$..*',
    '$..[*]',
    '$.a[?(@.b)]',
    '$ .a',
    '$.a b',
  ]) {
    expect([text, parsePath(text)]).toEqual([text, undefined])
  }
})

test('the last name of a path has to be in a text', () => {
  const named = (text: string) => nameIn(parsePath(text) ?? { segments: [] })
  expect(named('$.a.b[0]')).toBe('b')
  expect(named('$.*')).toBeUndefined()
})
