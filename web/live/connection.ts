/** The connection that tells of turns. Where it breaks it is made again, after waits that grow. */
import type { LiveMessage } from '../../server/serve/feed.ts'
import { token } from '../app/token.ts'
import { waitFor } from './wait.ts'

/** How it stands. */
export type Standing =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  /** Broken; it is tried again at that time, in ms on this page's clock. */
  | { readonly state: 'waiting'; readonly until: number }

export interface Listener {
  onMessage(message: LiveMessage): void
  onStanding(standing: Standing): void
}

export interface Connection {
  /** Tries at once, if it waits. */
  again(): void
  close(): void
}

/** Connects, and stays connected until it is closed. */
export function connect({ onMessage, onStanding }: Listener): Connection {
  const url = new URL('page/live', document.baseURI)
  url.hash = ''
  url.protocol = url.protocol.replace('http', 'ws')
  let [tries, isClosed] = [0, false]
  let timer: ReturnType<typeof setTimeout> | undefined
  let socket: WebSocket | undefined

  const open = (): void => {
    timer = undefined
    onStanding({ state: 'connecting' })
    socket = new WebSocket(url, token.protocols())
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      tries = 0
      onStanding({ state: 'connected' })
      onMessage(JSON.parse(data))
    })
    socket.addEventListener('close', () => {
      if (isClosed) return
      const ms = waitFor(tries++)
      onStanding({ state: 'waiting', until: performance.now() + ms })
      timer = setTimeout(open, ms)
    })
  }
  open()
  return {
    again() {
      if (timer === undefined) return
      clearTimeout(timer)
      open()
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      socket?.close()
    },
  }
}
