/** What a scenario is, what it gives, and how its sides are measured. */
import type { Lab } from './lab.ts'
import type { Library } from './library.ts'

/** What a figure should be: its ratio where there is something that it is measured against, itself otherwise. */
export interface Goal {
  readonly is: 'at least' | 'at most'
  readonly bound: number
  /** What the check of CI holds a figure against. */
  readonly usual: number
}

/** @param usual what is usual today, where the goal is not reached */
export const atLeast = (bound: number, usual = bound): Goal => ({ is: 'at least', bound, usual })
export const atMost = (bound: number): Goal => ({ is: 'at most', bound, usual: bound })

/** One figure. Samples are one a round, those of both sides in the same order. */
export interface Row {
  readonly what: string
  readonly ours: readonly number[]
  readonly against?: readonly number[]
  readonly goal?: Goal
}

/** Figures of one kind. */
export interface Table {
  readonly title: string
  readonly unit: string
  readonly rows: readonly Row[]
}

/** What a scenario is given. */
export interface Bench {
  readonly lab: Lab
  readonly library: Library
  readonly rounds: number
  /** Only what the check of CI needs: little time, and nothing that is not in the root's node_modules. */
  readonly brief: boolean
  /** How long a load is measured, in ms. */
  readonly windowMs: number
  /** Says what is done right now. */
  say(what: string): void
}

export interface Scenario {
  readonly name: string
  readonly about: string
  /** Takes minutes, and is run only when asked for. */
  readonly long?: boolean
  run(bench: Bench): Promise<Table[]>
}

/**
 * Measures sides in turn, round after round, every other round in the opposite order, so that a machine that becomes
 * slower does so for all. Gives the samples of each side, in the order of the sides.
 */
export async function inTurn<T>(
  { rounds, say }: Pick<Bench, 'rounds' | 'say'>,
  what: string,
  sides: readonly (() => Promise<T>)[],
): Promise<T[][]> {
  const samples: T[][] = sides.map(() => [])
  for (let round = 0; round < rounds; round++) {
    say(`${what}, round ${round + 1} of ${rounds}`)
    const order = [...sides.entries()]
    for (const [index, measure] of round % 2 === 0 ? order : order.toReversed()) {
      samples[index]?.push(await measure())
    }
  }
  return samples
}
