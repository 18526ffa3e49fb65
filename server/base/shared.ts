/** Work that many ask for at once: done once for all of them, or one after another. */

/**
 * Makes `work` be done once for all that asked before it began. Who asks while it runs gets the next run: what it gives is
 * never older than the question.
 */
export function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> | undefined
  let next: Promise<T> | undefined
  const begin = async (): Promise<T> => {
    await running
    next = undefined
    const run = work()
    running = run.catch(() => {})
    return run
  }
  return () => (next ??= begin())
}

/** The same for work of several kinds: what has one name is the same work. Nothing is kept of a name at rest. */
export function sharedByName<T>(): (name: string, work: () => Promise<T>) => Promise<T> {
  const open = new Map<string, { readonly ask: () => Promise<T>; waiting: number }>()
  return async (name, work) => {
    const each = open.get(name) ?? { ask: shared(work), waiting: 0 }
    open.set(name, each)
    each.waiting++
    try {
      return await each.ask()
    } finally {
      if (--each.waiting === 0) open.delete(name)
    }
  }
}

/** Makes what does all work with one name in the order in which it was asked for. Nothing is kept of a name at rest. */
export function createOrder(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return async (name, work) => {
    const before = last.get(name)
    const mine = (async () => {
      await before?.catch(() => {})
      return work()
    })()
    last.set(name, mine)
    try {
      return await mine
    } finally {
      if (last.get(name) === mine) last.delete(name)
    }
  }
}
