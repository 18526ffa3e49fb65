/** Lists that come again, and what is made of them once. */

/** A list of items that is handed on as a whole. */
export interface List<T> {
  readonly items: readonly T[]
  /**
   * Whether the very same list will be handed on again, as replay does with what it keeps of a fixture. A layer that
   * changes nothing hands it on as it is: a copy would be encoded anew each time.
   */
  readonly kept: boolean
}

/** A list that is seen once. */
export const fresh = <T>(items: readonly T[]): List<T> => ({ items, kept: false })

/** A list that will come again. */
export const kept = <T>(items: readonly T[]): List<T> => ({ items, kept: true })

/** Makes `make` remember what it gives for a kept list, as long as that list is in memory. Other lists cost nothing. */
export function remember<T, Out>(make: (list: List<T>) => Out): (list: List<T>) => Out {
  const made = new WeakMap<List<T>, Out>()
  return (list) => {
    if (!list.kept) return make(list)
    const known = made.get(list)
    if (known !== undefined) return known
    const out = make(list)
    made.set(list, out)
    return out
  }
}

/** The same for a step from one state to the next: the state that it begins with counts, too. */
export function rememberStep<State extends object, T, Out>(
  step: (state: State, list: List<T>) => Out,
): (state: State, list: List<T>) => Out {
  const made = new WeakMap<List<T>, WeakMap<State, Out>>()
  return (state, list) => {
    if (!list.kept) return step(state, list)
    const known = made.get(list)
    const before = known?.get(state)
    if (before !== undefined) return before
    const out = step(state, list)
    if (known) known.set(state, out)
    else made.set(list, new WeakMap([[state, out]]))
    return out
  }
}

/** How much something takes in memory, in bytes, about: more as things are made of it that are kept with it. */
export interface Tally {
  readonly bytes: number
  add(bytes: number): void
  /** Calls whoever counts it each time that it has grown. There is one at a time. */
  tell(counter: (() => void) | undefined): void
}

/** Makes the tally of something that takes so many bytes by itself. */
export function createTally(bytes: number): Tally {
  let total = bytes
  let counter: (() => void) | undefined
  return {
    get bytes() {
      return total
    },
    add(more) {
      total += more
      counter?.()
    },
    tell(next) {
      counter = next
    },
  }
}
