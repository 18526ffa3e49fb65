/** Finds out which clients have stopped reading what they asked for over HTTP. */
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'

export interface Readers {
  /** Watches a connection until it is closed, or leaves HTTP. */
  watch(socket: Socket): void
  /** A connection has left HTTP. */
  release(socket: Socket): void
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

/** What has left this process: `bytesWritten` counts what still waits, too. */
const takenOf = ({ bytesWritten, writableLength }: Socket): number => bytesWritten - writableLength

/**
 * Makes a watch over all connections. One that has read nothing for 5 minutes, though something waits for it, is broken:
 * that ends its call, and what the API does for it. One timer looks at all of them; it runs while there are any.
 */
export function createReaders(clock: Pick<Clock, 'timer'>): Readers {
  const open = new Map<Socket, Seen>()
  let timer: Timer | undefined
  const look = () => {
    for (const [socket, seen] of open) {
      const taken = takenOf(socket)
      const isIdle = socket.writableLength > 0 && taken === seen.taken
      seen.idleLooks = isIdle ? seen.idleLooks + 1 : 0
      seen.taken = taken
      if (seen.idleLooks >= MAX_IDLE_LOOKS) socket.destroy()
    }
    timer?.refresh()
  }
  const release = (socket: Socket) => {
    open.delete(socket)
    if (open.size > 0) return
    timer?.clear()
    timer = undefined
  }
  return {
    watch(socket) {
      open.set(socket, { taken: takenOf(socket), idleLooks: 0 })
      socket.once('close', () => release(socket))
      timer ??= clock.timer(LOOK_MS, look)
    },
    release,
  }
}
