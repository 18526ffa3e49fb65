/** What is made again and again of the same thing is made once. */

/**
 * Remembers what `make` gives for a value that is frozen, for as long as that value is in memory: what replay keeps of
 * a fixture is frozen, and comes again. Anything else is seen once, and costs nothing here.
 */
export function remember<In extends object, Out>(make: (value: In) => Out): (value: In) => Out {
  const made = new WeakMap<In, Out>()
  return (value) => {
    if (!Object.isFrozen(value)) return make(value)
    const known = made.get(value)
    if (known !== undefined) return known
    const out = make(value)
    made.set(value, out)
    return out
  }
}

/** The same for a step from one state to the next: the state it begins with counts, too. */
export function rememberStep<State extends object, In extends object, Out>(
  step: (state: State, value: In) => Out,
): (state: State, value: In) => Out {
  const made = new WeakMap<In, WeakMap<State, Out>>()
  return (state, value) => {
    if (!Object.isFrozen(value)) return step(state, value)
    const known = made.get(value)
    const before = known?.get(state)
    if (before !== undefined) return before
    const out = step(state, value)
    if (known) known.set(state, out)
    else made.set(value, new WeakMap([[state, out]]))
    return out
  }
}
