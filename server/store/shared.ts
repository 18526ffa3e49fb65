/** Work that many ask for at once. */

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
