/** Which clients are still there. */
import type { Clock, Timer } from '../../base/clock.ts'

/** A connection, as far as it tells of its client. */
export interface Line {
  /** How much was written to it, and how much of that still waits in this process. In bytes. */
  readonly bytesWritten: number
  readonly writableLength: number
}

export interface Heartbeat {
  /**
   * Watches a client until it is told to stop: `ask` is called every 30 s, and `giveUp` once it is gone. Something is
   * to be heard of it in return.
   */
  watch(line: Line, ask: () => void, giveUp: () => void): Watch
}

export interface Watch {
  /** Something came from the client. */
  heard(): void
  /** Something was sent to it. */
  sent(): void
  stop(): void
}

const HEARTBEAT_MS = 30_000

/**
 * How many times in a row nothing may be heard of a client, until it is gone; and how many times one that is behind may
 * take nothing of what waits for it: the question itself waits behind megabytes.
 */
const MAX_SILENT_BEATS = 1

const MAX_SILENT_BEATS_BEHIND = 10

/** Asks all clients at once; its timer runs while there are any. */
export function createHeartbeat(clock: Clock): Heartbeat {
  const beats = new Set<() => void>()
  let timer: Timer | undefined
  const beatAll = () => {
    for (const beat of beats) beat()
    timer?.refresh()
  }
  return {
    watch(line, ask, giveUp) {
      let silentBeats = 0
      /** Whether more waited for it since it was last heard of, or was sent to it, than the system took at once. */
      let behind = false
      /** How much of what was sent to it had left this process when it was last asked. */
      let taken = 0
      const beat = () => {
        if (behind && takenOf(line) > taken) silentBeats = 0
        if (silentBeats >= (behind ? MAX_SILENT_BEATS_BEHIND : MAX_SILENT_BEATS)) return giveUp()
        silentBeats++
        ask()
        taken = takenOf(line)
      }
      beats.add(beat)
      timer ??= clock.timer(HEARTBEAT_MS, beatAll)
      return {
        heard() {
          silentBeats = 0
          behind = line.writableLength > 0
        },
        sent() {
          if (line.writableLength > 0) behind = true
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
const takenOf = ({ bytesWritten, writableLength }: Line): number => bytesWritten - writableLength
