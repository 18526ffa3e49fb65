/** Finds out which clients are gone without having said so. */
import type { Clock, Timer } from '../../base/clock.ts'

/** What a connection tells of the client that reads from it. */
export interface Outflow {
  /** How much was written to it, and how much of that still waits in this process. In bytes. */
  readonly bytesWritten: number
  readonly writableLength: number
}

export interface Heartbeat {
  /**
   * Watches a client until it is told to stop.
   *
   * @param ask is called every 30 s; the client has to answer it
   * @param giveUp is called when the client is gone
   */
  watch(outflow: Outflow, ask: () => void, giveUp: () => void): Watch
}

export interface Watch {
  /** Something came from the client. */
  heard(): void
  /** Something was sent to it. */
  sent(): void
  stop(): void
}

const HEARTBEAT_MS = 30_000

/** How many beats in a row a client may leave unanswered. */
const MAX_SILENT_BEATS = 1

/** A client with a backlog gets more: our ping is queued after megabytes that it has not read yet. */
const MAX_SILENT_BEATS_BEHIND = 10

/** Makes a heartbeat that asks all clients at once. Its timer runs while there are any. */
export function createHeartbeat(clock: Clock): Heartbeat {
  const beats = new Set<() => void>()
  let timer: Timer | undefined
  const beatAll = () => {
    for (const beat of beats) beat()
    timer?.refresh()
  }
  return {
    watch(outflow, ask, giveUp) {
      let silentBeats = 0
      /** Whether a backlog was seen since the client was last heard of: more was sent than the system took at once. */
      let behind = false
      /** How much of what was sent had left this process at the last beat. In bytes. */
      let taken = 0
      const beat = () => {
        if (behind && takenOf(outflow) > taken) silentBeats = 0
        if (silentBeats >= (behind ? MAX_SILENT_BEATS_BEHIND : MAX_SILENT_BEATS)) return giveUp()
        silentBeats++
        ask()
        taken = takenOf(outflow)
      }
      beats.add(beat)
      timer ??= clock.timer(HEARTBEAT_MS, beatAll)
      return {
        heard() {
          silentBeats = 0
          behind = outflow.writableLength > 0
        },
        sent() {
          if (outflow.writableLength > 0) behind = true
        },
        stop() {
          beats.delete(beat)
          if (beats.size > 0) return
          timer?.clear()
          timer = undefined
        },
      }
    },
  }
}

/** What has left this process: `bytesWritten` counts what still waits, too. */
const takenOf = ({ bytesWritten, writableLength }: Outflow): number => bytesWritten - writableLength
