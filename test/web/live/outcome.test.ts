import { expect, test } from 'vitest'
import { explained, outcomeOf } from '../../../web/live/outcome.ts'
import { callOf } from '../../kit/calls.ts'
import { openTestStore, temporaryFolder } from '../../kit/tools.ts'

test('each outcome has a word of its own', () => {
  const words = [
    outcomeOf({ open: true }),
    outcomeOf({ open: false, action: 'hit', code: 'upstream_reset' }),
    outcomeOf({ open: false, action: 'miss', code: 'fixture_miss' }),
    outcomeOf({ open: false, action: 'not_saved', code: 'upstream_failed' }),
    outcomeOf({ open: false, code: 'invalid_input' }),
    outcomeOf({ open: false, code: 'cancelled' }),
    outcomeOf({ open: false }),
  ].map(({ word }) => word)
  expect(words).toEqual(['running', 'hit', 'miss', 'not saved', 'error', 'cancelled', 'answered'])
})

test('the command of a miss stands apart from why it is one', async () => {
  const store = openTestStore(await temporaryFolder())
  const call = callOf({ model: 'gpt-4.1-mini', input: 'To record it: nothing. Say hi' })
  const { message } = await store.miss(await store.identify(call))
  const { text, command } = explained(message)
  expect(command).toBe('OPENAI_API_KEY=… MODEL_MODE=auto npx deltatape serve')
  expect(text).toMatch(/^No fixture for this request.*\.$/s)
  expect(text).not.toContain('MODEL_MODE')
})

test('a command of several words stays whole', () => {
  const { command } = explained("No. To record it: `MODEL_MODE=record npx deltatape run -- node -e 'a, and b.c'`.")
  expect(command).toBe(`MODEL_MODE=record npx deltatape run -- node -e 'a, and b.c'`)
  expect(explained('The API refused.')).toEqual({ text: 'The API refused.', command: undefined })
})
