/** Somebody who watches `/page/live`. */
import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import type { LiveMessage, LiveTurn } from '../../server/serve/feed.ts'

export interface LiveWatcher {
  readonly ws: WebSocket
  readonly messages: readonly LiveMessage[]
  /** The turns by their number, each as it was told of last. */
  readonly turns: ReadonlyMap<number, LiveTurn>
  /** Waits until something holds of what was told so far. */
  until(holds: (turns: readonly LiveTurn[]) => boolean): Promise<readonly LiveTurn[]>
  /** The close code, once the connection is closed. */
  readonly closed: Promise<number>
}

/** Connects; rejects where the server does not let the watcher in. */
export async function watch(url: string, protocols: string[] = [], options: ClientOptions = {}): Promise<LiveWatcher> {
  const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/page/live`, protocols, options)
  const messages: LiveMessage[] = []
  const turns = new Map<number, LiveTurn>()
  let arrived = Promise.withResolvers<void>()
  const wake = () => {
    arrived.resolve()
    arrived = Promise.withResolvers()
  }
  ws.on('message', (data) => {
    const message: LiveMessage = JSON.parse(String(data))
    messages.push(message)
    for (const turn of message.turns) turns.set(turn.n, turn)
    wake()
  })
  const closed = new Promise<number>((resolve) => ws.on('close', resolve))
  ws.on('close', wake)
  await once(ws, 'open')
  ws.on('error', wake)
  return {
    ws,
    messages,
    turns,
    closed,
    async until(holds) {
      for (;;) {
        const now = [...turns.values()]
        if (holds(now)) return now
        if (ws.readyState !== WebSocket.OPEN) throw new Error(`The connection closed after ${JSON.stringify(now)}.`)
        await arrived.promise
      }
    },
  }
}
