/** How many tokens an answer took, in the words in which APIs count them. */
import type { JsonObject } from '../base/json.ts'
import { objectOf } from './told.ts'

/** The tokens that an answer was made of and made up. */
export interface Tokens {
  readonly input: number
  readonly output: number
}

/** The names that APIs have for them; each API has one of each. */
const INPUT = [
  'input_tokens',
  'prompt_tokens',
  'promptTokenCount',
  'inputTokens',
  'prompt_eval_count',
  'total_input_tokens',
]

const OUTPUT = [
  'output_tokens',
  'completion_tokens',
  'candidatesTokenCount',
  'outputTokens',
  'eval_count',
  'total_output_tokens',
]

/** What Google counts beside the tokens of its answer, and others within them. */
const THOUGHTS = ['thoughtsTokenCount']

/** @param usage as a row tells it */
export function tokensIn(usage: JsonObject = {}): Tokens {
  // Cohere counts what it bills beside what there was.
  const counts = { ...usage, ...objectOf(usage.tokens) }
  const count = (names: readonly string[]): number =>
    names.map((name) => counts[name]).find((value) => typeof value === 'number') ?? 0
  return { input: count(INPUT), output: count(OUTPUT) + count(THOUGHTS) }
}
