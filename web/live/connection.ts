/** The connection that tells of turns. Where it breaks it is made again, after waits that grow. */
import type { LiveMessage } from '../../server/serve/feed.ts'
import { token } from '../app/token.ts'
import { waitFor } from './wait.ts'

/** How it stands. What is lost is tried again until it is connected. */
export type Standing = 'connecting' | 'connected' | 'lost'

export interface Listener {
  onMessage(message: LiveMessage): void
  onStanding(standing: Standing): void
}

/** Connects, and stays connected until what it returns is called. */
export function connect({ onMessage, onStanding }: Listener): () => void {
  const url = new URL('page/live', document.baseURI)
  url.hash = ''
  url.protocol = url.protocol.replace('http', 'ws')
  let [tries, isClosed] = [0, false]
  let timer: ReturnType<typeof setTimeout> | undefined
  let socket: WebSocket | undefined

  const open = (): void => {
    socket = new WebSocket(url, token.protocols())
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      tries = 0
      onStanding('connected')
      onMessage(JSON.parse(data))
    })
    socket.addEventListener('close', () => {
      if (isClosed) return
      onStanding('lost')
      timer = setTimeout(open, waitFor(tries++))
    })
  }
  open()
  return () => {
    isClosed = true
    clearTimeout(timer)
    socket?.close()
  }
}
