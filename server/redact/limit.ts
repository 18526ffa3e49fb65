/** How long the expressions of the user may take: no expression of theirs can be proved to be fast. */
import { Script, createContext } from 'node:vm'
import { isError } from '../base/errors.ts'

/** Runs work, and ends it if it takes too long. */
export interface Limit {
  /**
   * @param chars how long the text is that the work is about
   * @throws TooSlow
   */
  run<T>(work: () => T, chars: number): T
}

/** The work took longer than it may. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow'
}

/** How much time of the processor work on a text of at most {@link LIMIT_CHARS} may take, in ms; longer texts more. */
const LIMIT_MS = 40

const LIMIT_CHARS = 512 * 1024

/** How often work is begun anew that was interrupted while other processes had the processor: each time it may wait twice as long. */
const MAX_TRIES = 12

/** How often work may run out of its own time. */
const MAX_SLOW = 2

/** The share of the limit that work had of the processor, if it was its own time that ran out. */
const ENOUGH = 0.8

/** Nothing of the user is run: nothing has to be limited. */
export const NO_LIMIT: Limit = { run: (work) => work() }

/**
 * Makes a limit. Node can only interrupt code that runs in a context of its own, which costs 0.1 ms; the limit is one of
 * time that passes. Work that had less of the processor than {@link LIMIT_MS} is begun anew, so that a busy machine
 * changes no key; what ran out of it once is tried once more.
 */
export function createLimit(): Limit {
  const inside: { work?: () => void } = {}
  const context = createContext(inside)
  const script = new Script('work()')
  return {
    run<T>(work: () => T, chars: number): T {
      const limitMs = Math.ceil(LIMIT_MS * Math.max(1, chars / LIMIT_CHARS))
      let slow = 0
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const done: T[] = []
        const before = process.threadCpuUsage()
        inside.work = () => void done.push(work())
        try {
          script.runInContext(context, { timeout: limitMs * 2 ** (tries - slow) })
        } catch (error) {
          if (!isTimeout(error)) throw error
          const { user, system } = process.threadCpuUsage(before)
          // Memory that is cleared up meanwhile may take as long: it is no proof yet.
          const ranOut = (user + system) / 1000 >= ENOUGH * limitMs
          if (ranOut && ++slow === MAX_SLOW) throw new TooSlow('It took too long.', { cause: error })
        }
        for (const result of done) return result
      }
      throw new TooSlow('It was interrupted again and again.')
    },
  }
}

const isTimeout = (error: unknown): boolean =>
  isError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
