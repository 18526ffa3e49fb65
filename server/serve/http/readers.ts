/** Finds out which clients have stopped reading what they asked for over HTTP. */
import type { Writable } from 'node:stream'
import type { Clock, Timer } from '../../base/clock.ts'

/** A connection, or one stream of HTTP/2, whose bytes are not counted. */
type Line = Pick<Writable, 'writableLength' | 'on' | 'off' | 'destroy'> & { readonly bytesWritten?: number }

export interface Readers {
  /** Watches a connection until it is closed, or leaves HTTP. */
  watch(line: Line): void
  /** A connection has left HTTP. */
  release(line: Line): void
}

const LOOK_MS = 30_000

/** How many looks in a row may find that nothing was read: 5 minutes, as long as a client of a WebSocket may take. */
const MAX_IDLE_LOOKS = 10

/** What was seen of a connection at the last look. */
interface Seen {
  /** How much had left this process. In bytes. */
  taken: number
  idleLooks: number
}

/** What has left this process, but for a constant: `bytesWritten` counts what still waits, too. */
const takenOf = ({ bytesWritten = 0, writableLength }: Line): number => bytesWritten - writableLength

/**
 * Makes a watch over all connections. One that has read nothing for 5 minutes, though something waits for it, is broken:
 * that ends its call, and what the API does for it. One timer looks at all of them; it runs while there are any.
 */
export function createReaders(clock: Pick<Clock, 'timer'>): Readers {
  const open = new Map<Line, Seen>()
  let timer: Timer | undefined
  const look = () => {
    for (const [line, seen] of open) {
      const taken = takenOf(line)
      const isIdle = line.writableLength > 0 && taken === seen.taken
      seen.idleLooks = isIdle ? seen.idleLooks + 1 : 0
      seen.taken = taken
      if (seen.idleLooks >= MAX_IDLE_LOOKS) line.destroy()
    }
    timer?.refresh()
  }
  const release = (line: Line) => {
    line.off('close', closed)
    open.delete(line)
    if (open.size > 0) return
    timer?.clear()
    timer = undefined
  }
  /** One for all: nothing is left at a connection that is watched no more. */
  function closed(this: Line): void {
    release(this)
  }
  return {
    watch(line) {
      open.set(line, { taken: takenOf(line), idleLooks: 0 })
      line.on('close', closed)
      timer ??= clock.timer(LOOK_MS, look)
    },
    release,
  }
}
