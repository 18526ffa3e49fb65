import { expect, test } from 'vitest'
import { parsedWeightOf, weighInTurns, weightOf } from '../../server/base/weight.ts'

test('a text takes one byte for a character, or two', () => {
  expect(weightOf('abc')).toBe(3)
  expect(weightOf('ab👋')).toBe(8)
})

test('a text within JSON weighs nothing beyond its characters, whatever stands in it', () => {
  const light = parsedWeightOf(JSON.stringify({ a: 'x'.repeat(1000) }))
  expect(parsedWeightOf(JSON.stringify({ a: '{[",:\\'.repeat(1000) }))).toBe(light)
  expect(light).toBeLessThan(500)
})

test.each([
  ['empty objects', '{}'],
  ['members', '{"a":1,"b":"c"}'],
  ['numbers', '12'],
  ['texts', '"question"'],
])('a value of %s takes no more than it weighs', (_what, item) => {
  const json = `[${Array.from({ length: 100_000 }, () => item).join()}]`
  const { heapUsed } = process.memoryUsage()
  const values = Array.from({ length: 5 }, (): unknown => JSON.parse(json))
  const taken = (process.memoryUsage().heapUsed - heapUsed) / values.length
  expect(taken).toBeLessThan(1.5 * parsedWeightOf(json) + 2 ** 20)
})

test('in turns it is the same, and others go first meanwhile', async () => {
  const json = `[${Array.from({ length: 200_000 }, () => '{"a":1}').join()}]`
  let turns = 0
  let next = setImmediate(function count() {
    turns++
    next = setImmediate(count)
  })
  expect(await weighInTurns(json)).toBe(parsedWeightOf(json))
  clearImmediate(next)
  expect(turns).toBeGreaterThan(5)
})
