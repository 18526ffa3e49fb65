/** The clients that name themselves: what is kept for them, and how much. */
import { expect, test } from 'vitest'
import { readWish } from '../../server/serve/answers.ts'
import { createNames, withoutName } from '../../server/serve/names.ts'
import { callFor } from '../kit/written.ts'

test.each([
  ['/v1/responses', undefined, '/v1/responses'],
  ['/@checkout-test/v1/responses', 'checkout-test', '/v1/responses'],
  ['/%40a.b_c~1/api.mistral.ai/v1/chat/completions', 'a.b_c~1', '/api.mistral.ai/v1/chat/completions'],
  ['/@one/@two/x', 'one', '/@two/x'],
  ['/@one', 'one', '/'],
  ['/v1/@one', undefined, '/v1/@one'],
  [`/@${'x'.repeat(64)}/ws`, 'x'.repeat(64), '/ws'],
])('of the path %s the name is %s, and %s is left', (path, name, left) => {
  expect(withoutName(path)).toEqual({ name, path: left })
})

test.each(['/@', '/@/v1', '/@a%20b/v1', '/@ä/v1', `/@${'x'.repeat(65)}/v1`, '/@a:b/v1', '/@a@b/v1'])(
  'what stands in front of %s is no name',
  (path) => {
    expect(withoutName(path)).toMatchObject({ path, flaw: { code: 'invalid_input' } })
  },
)

test('what was asked is told in the order in which it was asked, once, and only when it is over', () => {
  const names = createNames()
  const caller = names.caller('a')
  const [first, second, third] = [names.begin(caller), names.begin(caller), names.begin(caller)]
  third('3')
  first('1')
  expect(names.tell('a')).toEqual({ told: ['1', '3'], forgotten: 0 })
  expect(names.tell('a')).toEqual({ told: [], forgotten: 0 })
  second('2')
  expect(names.tell('b')).toEqual({ told: [], forgotten: 0 })
  expect(names.known()).toEqual(['a'])
  expect(names.tell('a')).toEqual({ told: ['2'], forgotten: 0 })
})

test('a fault is for so many calls; one without a number until it is taken away', () => {
  const names = createNames()
  names.breakNext('a', 'refuse:529', 2)
  const caller = names.caller('a')
  expect([1, 2, 3].map(() => names.faultFor(caller))).toEqual(['refuse:529', 'refuse:529', undefined])
  expect(names.faultFor(names.caller('b'))).toBeUndefined()
  names.breakNext('a', 'error@1', Infinity)
  expect([1, 2, 3].map(() => names.faultFor(caller))).toEqual(['error@1', 'error@1', 'error@1'])
  names.breakNext('a', undefined, 1)
  expect(names.faultFor(caller)).toBeUndefined()
})

test('after its end a name is of somebody new, without what was asked and without a fault', () => {
  const names = createNames()
  const before = names.caller('a')
  expect(names.caller('a')).toBe(before)
  names.breakNext('a', 'error@1', 5)
  const end = names.begin(before)
  names.end('a')
  end('of before')
  const after = names.caller('a')
  expect(after).not.toEqual(before)
  expect(names.faultFor(after)).toBeUndefined()
  expect(names.tell('a').told).toEqual([])
})

test('the name that was idle for longest makes room for a new one', () => {
  const names = createNames()
  const busy = names.caller('busy')
  names.begin(busy)
  const idle = names.caller('idle')
  for (let count = 0; count < 999; count++) names.caller(`n${count}`)
  expect(names.caller('busy')).toBe(busy)
  expect(names.caller('idle')).not.toBe(idle)
})

test('the oldest calls of a name are forgotten, and their number is told', () => {
  const names = createNames()
  const caller = names.caller('a')
  for (let count = 0; count < 1200; count++) names.begin(caller)(String(count))
  const { told, forgotten } = names.tell('a')
  expect([told.length, told.at(-1), forgotten]).toEqual([1000, '1199', 200])
  expect(names.tell('a').forgotten).toBe(0)
})

test('however much clients say, all that is kept of it has a bound', () => {
  const names = createNames()
  const long = 'x'.repeat(100_000)
  for (let count = 0; count < 1000; count++) names.begin(names.caller(`n${count % 100}`))(long)
  const kept = Array.from({ length: 100 }, (_, index) => names.tell(`n${index}`))
  const chars = kept.flatMap(({ told }) => told).join('').length
  expect(chars).toBeGreaterThan(2 ** 24)
  expect(chars).toBeLessThanOrEqual(2 ** 25)
  expect(kept.reduce((sum, { told, forgotten }) => sum + told.length + forgotten, 0)).toBe(1000)
})

test('answers are of one name alone, until it ends, and take a bounded room', () => {
  const names = createNames()
  const call = callFor({ path: '/v1/responses', body: () => ({ input: 'Say hi' }) }, '')
  const wish = (text: string) => readWish(JSON.stringify({ call: {}, answer: { type: 'text', text } }))
  names.answer('a', wish('Hello'))
  expect(names.answerFor(names.caller('a'), call)).toBeDefined()
  expect(names.answerFor(names.caller('b'), call)).toBeUndefined()
  names.end('a')
  expect(names.answerFor(names.caller('a'), call)).toBeUndefined()

  const large = wish('x'.repeat(8 * 1024 * 1024))
  const fill = () => {
    for (const name of ['c', 'd', 'e', 'f', 'g', 'h']) names.answer(name, large)
  }
  expect(fill).toThrow(/no room for this answer/)
  for (const name of ['c', 'd', 'e', 'f', 'g', 'h']) names.end(name)
  expect(() => names.answer('i', large)).not.toThrow()
})
