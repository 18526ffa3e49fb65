/** A model that makes one call of the same calls at once: the others wait for it, and get what it left behind. */
import type { Call } from '../api/call.ts'
import type { Batch } from '../api/record.ts'
import type { Answer, Model } from './model.ts'

/** A call that others may wait for. */
interface Shared {
  /** Resolves when it is over; says whether its answer was saved. */
  readonly saved: Promise<boolean>
  /** One more client wants it, until its signal is aborted. */
  join(signal: AbortSignal): void
}

/**
 * Makes a model that answers as `model` does, which records. Of the same calls at once the first is made, and goes on as
 * long as anybody wants it. The others ask `again` once its answer is saved; if it was not, each makes its own call.
 */
export function shareCalls(
  model: Model,
  identify: (call: Call) => Promise<{ readonly key: string }>,
  again: Model,
): Model {
  const open = new Map<string, Shared>()
  const lead = async (call: Call, key: string, signal: AbortSignal): Promise<Answer> => {
    const own = new AbortController()
    const { promise, resolve } = Promise.withResolvers<boolean>()
    let wanted = 0
    const over = (isSaved: boolean) => {
      if (open.get(key) === shared) open.delete(key)
      resolve(isSaved)
    }
    const shared: Shared = {
      saved: promise,
      join(client) {
        const leave = () => {
          if (--wanted > 0) return
          // Whoever comes now makes a call of its own.
          over(false)
          own.abort(client.reason)
        }
        wanted++
        if (client.aborted) leave()
        else client.addEventListener('abort', leave, { once: true })
      },
    }
    open.set(key, shared)
    shared.join(signal)
    try {
      const answer = await model(call, own.signal)
      return {
        head: answer.head,
        get action() {
          return answer.action
        },
        records: toTheEnd(answer, () => over(answer.action?.kind === 'saved' || answer.action?.kind === 'unchanged')),
      }
    } catch (error) {
      over(false)
      throw error
    }
  }
  return async (call, signal) => {
    const { key } = await identify(call)
    const running = open.get(key)
    if (!running) return lead(call, key, signal)
    running.join(signal)
    const isSaved = await unless(signal, running.saved)
    return isSaved ? again(call, signal) : model(call, signal)
  }
}

async function* toTheEnd({ records }: Answer, ended: () => void): AsyncGenerator<Batch, void> {
  try {
    yield* records
  } finally {
    ended()
  }
}

/** Waits, but no longer than the client does. Rejects with the reason for which it left. */
async function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const { promise: left, reject } = Promise.withResolvers<never>()
  const leave = () => reject(signal.reason)
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([promise, left])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
