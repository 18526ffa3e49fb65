/** The second file of a worker: what the first one had, it has, too. */
import { describe, expect, test, vi } from 'vitest'
import { greet } from './app.ts'

test('passes: an answer is replayed again', async ({ tape }) => {
  expect(await greet('Ada')).toContain('Ada')
  expect(await tape.turns()).toHaveLength(1)
})

test('misses: my-name-is-dora-', async () => {
  expect(await greet('Dora')).toBe('Hello!')
})

const extended = test.extend<{ who: string; greeting: string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameters of fixtures
  who: async ({}, use) => use('Ada'),
  greeting: async ({ task, who }, use) => {
    await task.context.tape.fault('refuse:400', 1)
    await use(await greet(who))
  },
})

extended('passes: a test with fixtures of its own', async ({ who, tape }) => {
  expect(await greet(who)).toContain('Ada')
  expect(await tape.turns()).toHaveLength(1)
})

extended('passes: a fixture that breaks an answer', async ({ greeting, who }) => {
  expect([greeting, await greet(who)]).toEqual(['Hello!', 'Hi Ada, how are you?'])
})

test('passes: timers that are no more', async ({ tape }) => {
  vi.useFakeTimers()
  expect(await tape.turns()).toEqual([])
})

test('passes: and the test after that', async ({ tape }) => {
  expect(await tape.turns()).toEqual([])
})

const deep = (suites: number, add: () => void): void =>
  void describe('a suite', () => (suites === 1 ? add() : deep(suites - 1, add)))

deep(30, () => {
  test('passes: in many suites', async ({ tape }) => {
    expect(await greet('Ada')).toContain('Ada')
    expect(await tape.turns()).toHaveLength(1)
  })
})
