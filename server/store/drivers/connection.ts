/** The connection that all operations of a driver share: made when one needs it, and given up where it does not answer. */
import type { Clock } from '../../base/clock.ts'
import { StoreError } from '../driver.ts'

const { setTimeout, setImmediate } = globalThis

/** What a library connects by. */
export interface Link<T> {
  /** Resolves as soon as it can be used. */
  readonly ready: Promise<T>
  /** Lets go of it, be it that it never became ready. */
  close(): void
}

/** Begins to connect. `lost` is called when a connection has broken. */
export type Connect<T> = (lost: () => void) => Promise<Link<T>>

export interface Connection<T> {
  /**
   * Does one operation. One that sends many bytes has more time.
   *
   * @throws StoreError `store_away` if it takes longer than it may
   */
  run<R>(work: (link: T) => Promise<R>, bytes?: number): Promise<R>
  /** Makes the next operation take a new one. */
  renew(): void
  /** Ends what is under way, too: nobody waits for it any more. */
  close(): void
}

/** The bytes a ms that have to pass at least, on top of the time that any operation has. */
const SLOWEST = 100

interface Held<T> {
  readonly link: Promise<Link<T>>
  /** How many operations are under way on it. */
  users: number
  /** Whether the next operation takes a new one. Those under way end on this one: each by its own deadline. */
  retired: boolean
}

export interface ConnectionOptions {
  readonly place: string
  readonly clock: Clock
  readonly timeoutMs: number
}

/**
 * Nothing of it keeps a process alive but the timer of an operation that is under way: sockets are to be unreferenced by
 * who connects.
 */
export function createConnection<T>(connect: Connect<T>, options: ConnectionOptions): Connection<T> {
  const { place, clock, timeoutMs } = options
  let current: Held<T> | undefined
  let closed = false
  /** What ends operations that are under way. */
  const underWay = new Set<(error: StoreError) => void>()

  const ended = () => new StoreError('store_away', `${place} was closed: nothing is asked of it any more.`)
  const letGo = ({ link }: Held<T>) =>
    void link.then(
      (opened) => opened.close(),
      () => {},
    )
  const retire = (held: Held<T>) => {
    if (current === held) current = undefined
    held.retired = true
    if (held.users === 0) letGo(held)
  }
  const begin = (): Held<T> => {
    const held: Held<T> = { link: connect(() => retire(held)), users: 0, retired: false }
    held.link.then(({ ready }) => ready).catch(() => retire(held))
    return held
  }
  const inTime = <R>(held: Held<T>, work: Promise<R>, ms: number) =>
    new Promise<R>((resolve, reject) => {
      const timer = clock.timer(ms, () => {
        // Whoever does not answer may never do so again, and nobody would be told: the next one connects anew.
        retire(held)
        reject(late(place, ms))
      })
      underWay.add(reject)
      const end = () => [timer.clear(), underWay.delete(reject)]
      void work.then(resolve, reject).finally(end)
    })

  return {
    async run(act, bytes = 0) {
      if (closed) throw ended()
      const held = (current ??= begin())
      held.users++
      try {
        const work = held.link.then(({ ready }) => ready).then(act)
        return await inTime(held, work, timeoutMs + Math.floor(bytes / SLOWEST))
      } finally {
        held.users--
        if (held.users === 0 && held.retired) letGo(held)
      }
    },
    renew() {
      if (current) retire(current)
    },
    close() {
      closed = true
      for (const end of underWay) end(ended())
      if (current) letGo(current)
      current = undefined
    },
  }
}

function late(place: string, ms: number): StoreError {
  const faked = globalThis.setTimeout !== setTimeout || globalThis.setImmediate !== setImmediate
  const advice = faked
    ? 'Timers are faked in this process, and the library that talks to it waits for one: leave setTimeout and setImmediate as they are (toNotFake in vitest, doNotFake in Jest).'
    : 'Try again; if that does not help, look whether it is overloaded, or cannot be reached from here.'
  return new StoreError('store_away', `${place} did not answer within ${ms} ms. ${advice}`)
}
