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
