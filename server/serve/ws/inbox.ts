/** What a client sends, handled in order: fair to other connections, and no faster than the client reads. */
import type { Clock } from '../../base/clock.ts'

export interface Inbox {
  /** Handles the next thing: at once if nothing was handled in this turn of the event loop, or else in its order. */
  add(handle: () => void): void
  /** Drops what waits. */
  clear(): void
}

/**
 * Makes an inbox that handles one thing a turn of the event loop.
 *
 * @param waits is told whether something waits, each time that this changes
 */
export function createInbox({ soon }: Pick<Clock, 'soon'>, waits: (something: boolean) => void): Inbox {
  const waiting: (() => void)[] = []
  /** Whether something was handled in this turn of the event loop. */
  let busy = false

  const handle = (act: () => void) => {
    busy = true
    soon(next)
    act()
  }
  const next = () => {
    busy = false
    const act = waiting.shift()
    if (!act) return
    handle(act)
    if (waiting.length === 0) waits(false)
  }
  return {
    add(act) {
      if (!busy) return handle(act)
      if (waiting.push(act) === 1) waits(true)
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
    add: (handle) =>
      inbox.add(() => {
        handle()
        if (flow.waitingBytes() > HIGH_WATER_BYTES) void hold()
      }),
    clear: inbox.clear,
  }
}
