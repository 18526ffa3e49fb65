/** The tokens that an answer was made of and made up: each API counts them under names of its own. */
import { type JsonObject, isObject, memberOf } from '../base/json.ts'

export interface Tokens {
  readonly input?: number
  readonly output?: number
}

const INPUT = ['input_tokens', 'prompt_tokens', 'inputTokens', 'promptTokenCount', 'total_input_tokens', 'prompt_eval_count']

const OUTPUT = ['output_tokens', 'completion_tokens', 'outputTokens', 'candidatesTokenCount', 'total_output_tokens', 'eval_count']

/** The tokens that a usage tells, as an API put it; undefined if it tells none. Some nest them under `tokens`. */
export function tokensIn(usage: JsonObject | undefined): Tokens | undefined {
  if (usage === undefined) return undefined
  const counts = isObject(usage.tokens) ? usage.tokens : usage
  const [input, output] = [INPUT, OUTPUT].map((names) => countIn(counts, names))
  if (input === undefined && output === undefined) return undefined
  return { ...(input === undefined ? {} : { input }), ...(output === undefined ? {} : { output }) }
}

const countIn = (counts: JsonObject, names: readonly string[]): number | undefined =>
  names.map((name) => memberOf(counts, name)).find((count) => typeof count === 'number')
