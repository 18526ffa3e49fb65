/** The second file of a worker: what the first one had, it has, too. */
import { expect, test } from 'vitest'
import { greet } from './app.ts'

test('passes: an answer is replayed again', async ({ tape }) => {
  expect(await greet('Ada')).toContain('Ada')
  expect(await tape.turns()).toHaveLength(1)
})

test('misses: my-name-is-dora-', async () => {
  expect(await greet('Dora')).toBe('Hello!')
})
