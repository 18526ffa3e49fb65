import { expect, test } from 'vitest'
import { told } from '../../server/api/responses/told.ts'
import { tokensIn } from '../../server/api/tokens.ts'
import { compose, words } from '../kit/answers.ts'
import { toEvents } from '../kit/calls.ts'

const ended = { type: 'response.completed', response: { status: 'completed' } }

test('those of the response, and none if it tells none', () => {
  const tokensOf = (events: Parameters<typeof toEvents>[0]) => tokensIn(told(toEvents(events)).usage)
  expect(tokensOf(compose('t').text(words('one two three')).completed())).toEqual({ input: 16, output: 3 })
  expect(tokensOf([...compose('t').text(words('one two three')).events, ended])).toEqual({ input: 0, output: 0 })
  expect(tokensOf([])).toEqual({ input: 0, output: 0 })
})

test.each([
  [{ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }],
  [{ input_tokens: 3, output_tokens: 4, cache_read_input_tokens: 0 }],
  [{ promptTokenCount: 3, candidatesTokenCount: 1, thoughtsTokenCount: 3, totalTokenCount: 7 }],
  [{ prompt_eval_count: 3, eval_count: 4 }],
  [{ billed_units: { input_tokens: 1, output_tokens: 1 }, tokens: { input_tokens: 3, output_tokens: 4 } }],
  [{ inputTokens: 3, outputTokens: 4, totalTokens: 7 }],
  [{ total_input_tokens: 3, total_output_tokens: 4 }],
])('%j, in the words of its API', (usage) => {
  expect(tokensIn(usage)).toEqual({ input: 3, output: 4 })
})
