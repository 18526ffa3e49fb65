/** The five rules of the chat endpoints as one checker, for every transcript that a test sees. */
import { expect } from 'vitest'
import { z } from 'zod'

const frameSchema = z.looseObject({
  type: z.enum(['delta', 'message', 'error']),
  message: z.string(),
  id: z.string().optional(),
})

export type Frame = z.infer<typeof frameSchema>

/**
 * Splits a transcript into turns, and checks the rules that one transcript can show: only the three types; one
 * terminal frame a request and nothing of the turn behind it; deltas that add up to the message; turns in order,
 * never mixed.
 *
 * @param transcript the texts of all frames, as they came
 * @param ids the ids of the requests in the order they were sent, undefined for one without
 * @param streamed whether texts are to come in deltas; `/ws` sends none
 */
export function expectRules(
  transcript: readonly string[],
  ids: readonly (string | undefined)[],
  { streamed = true } = {},
): Frame[][] {
  const turns: Frame[][] = [[]]
  for (const text of transcript) {
    const frame = frameSchema.parse(JSON.parse(text))
    turns.at(-1)?.push(frame)
    if (frame.type !== 'delta') turns.push([])
  }
  expect(turns.pop(), 'no frame follows the last terminal one').toEqual([])
  expect(turns.map((turn) => [...new Set(turn.map(({ id }) => id))])).toEqual(ids.map((id) => [id]))
  for (const turn of turns) {
    const last = turn.at(-1)
    const deltas = turn.slice(0, -1)
    if (!streamed) expect(deltas).toEqual([])
    else if (last?.type === 'message') expect(deltas.map(({ message }) => message).join('')).toBe(last.message)
    if (last?.type === 'error') expect(last).toHaveProperty('code')
  }
  return turns
}
