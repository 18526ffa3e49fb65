/** What a client sends, handled in order: fair to other connections, and no faster than the client reads. */
import { type Clock, nextTurn } from '../../base/clock.ts'

export interface Inbox {
  /**
   * Handles the next thing: at once if nothing was handled in this turn of the event loop, or else in its order.
   *
   * @param bytes how large it is. Of what takes long one is handled in a turn of the event loop, whoever else sends
   */
  add(handle: () => void, bytes?: number): void
  /** Drops what waits. */
  clear(): void
}

/** What is larger takes longer than it may in one go, with others that come in the same turn. */
const LARGE_BYTES = 64 * 1024

interface Waiting {
  readonly act: () => void
  readonly isLarge: boolean
}

/**
 * Makes an inbox that handles one thing a turn of the event loop.
 *
 * @param waits is told whether something waits, each time that this changes
 */
export function createInbox({ soon }: Pick<Clock, 'soon'>, waits: (something: boolean) => void): Inbox {
  const waiting: Waiting[] = []
  /** Whether something was handled in this turn of the event loop, or is about to be. */
  let busy = false

  const handle = (act: () => void) => {
    busy = true
    soon(next)
    act()
  }
  const next = () => {
    if (waiting[0]?.isLarge) {
      busy = true
      void nextTurn().then(handleNext)
    } else handleNext()
  }
  const handleNext = () => {
    busy = false
    const first = waiting.shift()
    if (!first) return
    handle(first.act)
    if (waiting.length === 0) waits(false)
  }
  return {
    add(act, bytes = 0) {
      const isLarge = bytes > LARGE_BYTES
      if (!busy && !isLarge) return handle(act)
      if (waiting.push({ act, isLarge }) === 1) waits(true)
      if (!busy) next()
    },
    clear() {
      waiting.length = 0
    },
  }
}

/** How much may wait for a client to read it, in bytes, before its model, and its own messages, have to wait. */
export const HIGH_WATER_BYTES = 64 * 1024

/** A connection that is read and written to. */
export interface Flow {
  pause(): void
  resume(): void
  /** How much waits for the client to read it, in bytes. */
  waitingBytes(): number
  /** Resolves when nothing waits any more, or the connection is gone. */
  drained(): Promise<void>
}

/**
 * Makes an inbox that stops reading while something in it waits, or the client does not read what it was sent: so both
 * of a flood, the messages and their answers, stay small.
 */
export function createIntake(flow: Flow, clock: Pick<Clock, 'soon'>): Inbox {
  let waits = false
  let held = 0
  const settle = () => (waits || held > 0 ? flow.pause() : flow.resume())
  const inbox = createInbox(clock, (something) => {
    waits = something
    settle()
  })
  const hold = async (): Promise<void> => {
    held++
    settle()
    await flow.drained()
    held--
    settle()
  }
  return {
    add: (handle, bytes) =>
      inbox.add(() => {
        handle()
        if (flow.waitingBytes() > HIGH_WATER_BYTES) void hold()
      }, bytes),
    clear: inbox.clear,
  }
}
