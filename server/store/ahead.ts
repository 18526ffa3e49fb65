/** Reads many things in their order, and some of them ahead: each of an engine takes its time. */

/** How many are under way at once: there may be more than fit into the memory. */
const AT_ONCE = 16

/** What work gives of each item. Nothing of it is kept. */
export async function* ahead<T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<R>[] = []
  const begin = (item: T): void => {
    const result = work(item)
    // Whoever asks for it is told; until then nobody is.
    result.catch(() => {})
    begun.push(result)
  }
  items.slice(0, AT_ONCE).forEach(begin)
  for (let next = begun.shift(), index = AT_ONCE; next; next = begun.shift(), index++) {
    yield await next
    items.slice(index, index + 1).forEach(begin)
  }
}
