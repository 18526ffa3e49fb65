/** The calls that could not be replayed, kept until somebody has told them: a program may make nothing of an error. */

export interface Misses {
  /**
   * Notes why a call was not replayed.
   *
   * @param name what its client calls itself, if it does
   */
  note(why: string, name?: string): void
  /** What was noted under a name has been told to its client. */
  told(name: string): void
  /** What nobody was told, each reason once, in the order in which they came. */
  untold(): Untold
}

export interface Untold {
  readonly reasons: readonly { readonly why: string; readonly times: number }[]
  /** How many calls beyond those had no room. */
  readonly more: number
}

/** How many reasons are kept, each under each name: more than anybody reads. */
const MAX_REASONS = 1000

/** Of clients without a name: none is empty. */
const NOBODY = ''

export function createMisses(): Misses {
  /** How often each reason came, by name. */
  const byName = new Map<string, Map<string, number>>()
  let kept = 0
  let more = 0
  return {
    note(why, name = NOBODY) {
      const reasons = byName.get(name) ?? new Map<string, number>()
      const times = reasons.get(why) ?? 0
      if (times === 0 && kept >= MAX_REASONS) return void more++
      if (times === 0) kept++
      byName.set(name, reasons.set(why, times + 1))
    },
    told(name) {
      kept -= byName.get(name)?.size ?? 0
      byName.delete(name)
    },
    untold() {
      const all = new Map<string, number>()
      for (const reasons of byName.values()) {
        for (const [why, times] of reasons) all.set(why, (all.get(why) ?? 0) + times)
      }
      return { reasons: [...all].map(([why, times]) => ({ why, times })), more }
    },
  }
}
