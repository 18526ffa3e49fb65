import { expect, test } from 'vitest'
import { onFrame } from '../../../server/package/promptfoo/frames.ts'

const begin = { error: 'unknown error occurred' }
const feed = (frames: readonly unknown[], context?: Parameters<typeof onFrame>[2]) => {
  let state: ReturnType<typeof onFrame> = [begin, false]
  for (const frame of frames) state = onFrame(state[0], { data: JSON.stringify(frame) }, context)
  return state
}

test('counts deltas, times the first and compares them with the message', () => {
  const context = { test: { metadata: { startedAt: performance.now() } } }
  const frames = [
    { type: 'delta', message: 'a' },
    { type: 'delta', message: 'b' },
    { type: 'message', message: 'ab', status: 'completed' },
  ]
  expect(feed(frames, context)).toEqual([
    {
      output: 'ab',
      metadata: {
        deltas: 2,
        firstDeltaMs: expect.any(Number),
        joined: 'ab',
        joinedEqualsMessage: true,
        status: 'completed',
      },
    },
    true,
  ])
  expect(
    feed([
      { type: 'delta', message: 'a' },
      { type: 'message', message: 'b' },
    ])[0].metadata,
  ).toMatchObject({ joinedEqualsMessage: false })
})

test('counts tokens where the API did', () => {
  const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 }
  expect(feed([{ type: 'message', message: 'a', usage }])[0]).toMatchObject({
    tokenUsage: { prompt: 1, completion: 2, total: 3 },
  })
})

test('gives what an answer without text holds', () => {
  expect(feed([{ type: 'message', message: '', output: [{ type: 'function_call', name: 'f' }] }])[0].output).toBe(
    '[{"type":"function_call","name":"f"}]',
  )
})

test('an error is an error, unless the test expects that very one', () => {
  const error = { type: 'error', message: 'No', code: 'busy' }
  expect(feed([error])).toEqual([
    { error: 'busy: No', metadata: { deltas: 0, joined: '', code: 'busy', rateLimitKind: 'quota' } },
    true,
  ])
  const expecting = (expectError: string) => ({ test: { metadata: { expectError } } })
  expect(feed([error], expecting('busy'))[0]).toMatchObject({ output: 'No', metadata: { code: 'busy' } })
  expect(feed([error], expecting('internal'))[0]).toMatchObject({ error: 'busy: No' })
})

test('an error of a server that sends no code is told as it is', () => {
  expect(feed([{ type: 'error', message: 'Please try again.' }])[0].error).toBe('Please try again.')
})
