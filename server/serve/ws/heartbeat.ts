/** Finds out which clients are gone without having said so. */
import type { Clock, Timer } from '../../base/clock.ts'

/** What a connection tells of the client that reads from it. */
export interface Outflow {
  /** How much was written to it, and how much of that still waits in this process. In bytes. */
  readonly bytesWritten: number
  readonly writableLength: number
}

/** A client that is watched. */
export interface Watched {
  readonly outflow: Outflow
  /** Called every 30 s; the client has to answer it. */
  ask(): void
  /** The client is gone. */
  giveUp(): void
}

export interface Heartbeat {
  /** Watches a client until it is told to stop. */
  watch(client: Watched): Watch
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
  const watches = new Set<ClientWatch>()
  let timer: Timer | undefined
  const beat = () => {
    for (const watch of watches) watch.beat()
    timer?.refresh()
  }
  const stopped = (watch: ClientWatch) => {
    watches.delete(watch)
    if (watches.size > 0) return
    timer?.clear()
    timer = undefined
  }
  return {
    watch(client) {
      const watch = new ClientWatch(client, stopped)
      watches.add(watch)
      timer ??= clock.timer(HEARTBEAT_MS, beat)
      return watch
    },
  }
}

/** There is one for each connection, and most are idle: it has no functions of its own. */
class ClientWatch implements Watch {
  readonly #client: Watched
  readonly #stopped: (watch: ClientWatch) => void
  #silentBeats = 0
  /** Whether a backlog was seen since the client was last heard of: more was sent than the system took at once. */
  #behind = false
  /** How much of what was sent had left this process at the last beat. In bytes. */
  #taken = 0

  constructor(client: Watched, stopped: (watch: ClientWatch) => void) {
    this.#client = client
    this.#stopped = stopped
  }

  beat(): void {
    const { outflow } = this.#client
    if (this.#behind && takenOf(outflow) > this.#taken) this.#silentBeats = 0
    const most = this.#behind ? MAX_SILENT_BEATS_BEHIND : MAX_SILENT_BEATS
    if (this.#silentBeats >= most) return this.#client.giveUp()
    this.#silentBeats++
    this.#client.ask()
    this.#taken = takenOf(outflow)
  }

  heard(): void {
    this.#silentBeats = 0
    this.#behind = this.#client.outflow.writableLength > 0
  }

  sent(): void {
    if (this.#client.outflow.writableLength > 0) this.#behind = true
  }

  stop(): void {
    this.#stopped(this)
  }
}

/** What has left this process: `bytesWritten` counts what still waits, too. */
const takenOf = ({ bytesWritten, writableLength }: Outflow): number => bytesWritten - writableLength
