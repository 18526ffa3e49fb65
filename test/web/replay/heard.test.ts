import { expect, test } from 'vitest'
import type { Expected } from '../../../web/replay/expected.ts'
import { Heard, differenceOf, isWhole } from '../../../web/replay/heard.ts'

const nothing = { frames: [], body: new Uint8Array(), until: [], chars: [], text: '', endedAt: 0 }
const bytesOf = (text: string) => new TextEncoder().encode(text)
const chatOf = (...frames: string[]): Expected => ({ ...nothing, unit: 'frame', length: frames.length, frames })
const bodyOf = (text: string): Expected => ({ ...nothing, unit: 'byte', length: text.length, body: bytesOf(text) })

const delta = '{"type":"delta","message":"Hi"}'
const last = '{"type":"message","message":"Hi"}'

test('a chat is whole with the frame that ends it, and no longer if another one follows', () => {
  const heard = new Heard(chatOf(delta, last))
  heard.frame(3, delta)
  expect([isWhole(heard), heard.end, heard.text]).toEqual([false, undefined, 'Hi'])
  heard.frame(5, last)
  expect([isWhole(heard), heard.end, heard.length]).toEqual([
    true,
    { how: 'told', at: 5, frame: { type: 'message', message: 'Hi' } },
    2,
  ])
  heard.frame(6, delta)
  expect([isWhole(heard), heard.difference, heard.isTrailed]).toEqual([false, 2, true])
})

test('the first frame that is another one is told', () => {
  const heard = new Heard(chatOf(delta, last))
  const miss = { type: 'error', message: 'no', code: 'fixture_miss' }
  for (const frame of [delta, JSON.stringify(miss)]) heard.frame(1, frame)
  expect([heard.difference, heard.end]).toEqual([1, { how: 'told', at: 1, frame: miss }])
})

test.each([
  [['abc', 'def'], undefined, true],
  [['abcdef'], undefined, true],
  [['abc'], undefined, false],
  [['abc', 'dxf'], 4, false],
  [['abcdefg'], 6, false],
  [['x', 'bcdef'], 0, false],
] as const)('a body that comes as %j', (chunks, difference, whole) => {
  const heard = new Heard(bodyOf('abcdef'))
  for (const chunk of chunks) heard.chunk(1, bytesOf(chunk))
  expect([heard.difference, isWhole(heard)]).toEqual([difference, whole])
  expect(new TextDecoder().decode(heard.body())).toBe(chunks.join(''))
})

test('two replays are compared however their bodies were cut, and whichever is longer', () => {
  const of = (...chunks: string[]): Heard => {
    const heard = new Heard(bodyOf('abc'))
    for (const chunk of chunks) heard.chunk(1, bytesOf(chunk))
    return heard
  }
  expect(differenceOf(of('a', 'bc'), of('abc'))).toBeUndefined()
  expect([
    differenceOf(of('ab'), of('abc')),
    differenceOf(of('abc'), of('ab')),
    differenceOf(of('abc'), of('axc')),
  ]).toEqual([2, 2, 1])
})

test('a body begins with its first pieces, also where they are cut', () => {
  const heard = new Heard(bodyOf(''))
  for (const chunk of ['abc', 'def']) heard.chunk(1, bytesOf(chunk))
  const begins = [0, 2, 3, 5, 9].map((most) => new TextDecoder().decode(heard.body(most)))
  expect(begins).toEqual(['', 'ab', 'abc', 'abcde', 'abcdef'])
})

test('of two bodies that broke the shorter one is the beginning of the other', () => {
  const of = (text: string, how: 'broken' | 'whole'): Heard => {
    const heard = new Heard(bodyOf('abc'))
    heard.chunk(1, bytesOf(text))
    heard.end = { how, at: 2 }
    return heard
  }
  expect(differenceOf(of('ab', 'broken'), of('abc', 'broken'))).toBeUndefined()
  expect(differenceOf(of('ab', 'broken'), of('axc', 'broken'))).toBe(1)
  expect(differenceOf(of('ab', 'whole'), of('abc', 'whole'))).toBe(2)
})
