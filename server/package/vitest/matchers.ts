/** Matchers for what a client of the chat got. */
import { framesIn, problemsOf, textsOf, turnsIn } from './frames.ts'

/** What a matcher gives. */
interface Judgement {
  readonly pass: boolean
  message(): string
  readonly actual?: unknown
  readonly expected?: unknown
}

const judge = (problems: readonly string[], right: string, wrong: string): Judgement => ({
  pass: problems.length === 0,
  message: () => (problems.length === 0 ? right : `${wrong}: ${problems.join('; ')}.`),
})

export const matchers = {
  toBeOneTurn(received: unknown, end?: 'message' | 'error'): Judgement {
    const { frames, problems } = framesIn(received)
    const last = frames.at(-1)
    const all = [...problems, ...problemsOf(frames)]
    if (end && last?.type !== end) all.push(`it ends with ${last?.type ?? 'nothing'}, not with ${end}`)
    return judge(all, 'These frames are one turn.', 'These frames are not one turn')
  },
  toBeTurns(received: unknown, count: number): Judgement {
    const { frames, problems } = framesIn(received)
    const turns = turnsIn(frames)
    const all = [...problems]
    if (turns.length !== count) all.push(`there are ${turns.length}`)
    for (const [index, turn] of turns.entries()) {
      all.push(...problemsOf(turn).map((problem) => `of turn ${index + 1}, ${problem}`))
    }
    return judge(all, `These frames are ${count} turns.`, `These frames are not ${count} turns`)
  },
  toReplay(this: { equals(one: unknown, other: unknown): boolean }, received: unknown, other: unknown): Judgement {
    const [actual, expected] = [textsOf(received), textsOf(other)]
    const pass = this.equals(actual, expected)
    return { pass, message: () => `These frames are ${pass ? '' : 'not '}those frames.`, actual, expected }
  },
}
