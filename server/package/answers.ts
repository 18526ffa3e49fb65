/**
 * What an API is to answer in a test, said in a line: `text('Hello')`, `[text('Let me look.'), tool('weather', { city: 'Paris' })]`.
 * The answer streams as that API would have streamed it.
 */
import type { Item } from '../api/said.ts'
import type { Answer } from '../serve/wish.ts'

export { type Answer, type AnsweredCall, putAnswer } from '../serve/wish.ts'
export type { Item }

/** A text, which streams word by word. */
export const text = (said: string): Item => ({ type: 'text', text: said })

/** What the model thinks before it speaks: a summary of its reasoning, a thinking block, a thought. */
export const reasoning = (thought: string): Item => ({ type: 'reasoning', text: thought })

/** That the model does not want to answer, in the words with which it says so. */
export const refusal = (said: string): Item => ({ type: 'refusal', text: said })

/**
 * A call of a tool. Several make parallel calls.
 *
 * @param args an object, or its JSON text
 */
export const tool = (name: string, args: object | string = {}): Item => ({
  type: 'tool',
  name,
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
})

/** The answer is cut short, as if its tokens were used up. */
export const incomplete = (): Item => ({ type: 'incomplete' })

/**
 * The API refuses the call.
 *
 * @param status the HTTP status, from 400 to 599
 * @param message what the API says of it
 * @param code the word that APIs have for it, such as `rate_limit_exceeded`
 * @param retryAfter after how many seconds the client may try again: the header `Retry-After`
 */
export const failure = (status: number, message?: string, code?: string, retryAfter?: number): Item => ({
  type: 'failure',
  status,
  message,
  code,
  retryAfter,
})

/** How long the API takes for each piece, in ms; without it the pieces come as fast as the server replays. */
export const pace = (ms: number): Item => ({ type: 'pace', ms })

/** Several pieces as one answer, in order. */
export const answer = (...pieces: readonly Answer[]): readonly Item[] => pieces.flat()
