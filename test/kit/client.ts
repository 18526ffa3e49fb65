/** A chat client for tests that read as transcripts. */
import type { Duplex } from 'node:stream'
import { WebSocket, type ClientOptions } from 'ws'
import { z } from 'zod'

const frameSchema = z.looseObject({ type: z.enum(['delta', 'message', 'error']), message: z.string() })

export type ReceivedFrame = z.infer<typeof frameSchema>

export interface Chat {
  readonly ws: WebSocket
  /** What is below it. */
  readonly socket: Duplex
  send(message: unknown): void
  /** The next frame, as text and read. */
  next(): Promise<ReceivedFrame>
  /** The frames up to and with the next terminal one. */
  turn(): Promise<ReceivedFrame[]>
  /** The texts of all frames so far, as they came over the wire. */
  readonly transcript: readonly string[]
  /** The close code, once the connection is closed. */
  readonly closed: Promise<number>
  close(): Promise<void>
}

/** Connects; rejects where the server does not let the client in. */
export async function connect(url: string, options: ClientOptions = {}): Promise<Chat> {
  const ws = new WebSocket(url.replace(/^http/, 'ws'), options)
  const transcript: string[] = []
  const frames: ReceivedFrame[] = []
  let arrived = Promise.withResolvers<void>()
  let gone = false
  const wake = () => {
    arrived.resolve()
    arrived = Promise.withResolvers()
  }
  ws.on('message', (data) => {
    const text = String(data)
    transcript.push(text)
    frames.push(frameSchema.parse(JSON.parse(text)))
    wake()
  })
  const closed = new Promise<number>((resolve) =>
    ws.on('close', (code) => {
      gone = true
      resolve(code)
      wake()
    }),
  )
  const socket = await new Promise<Duplex>((resolve, reject) =>
    ws.once('upgrade', (response) => ws.once('open', () => resolve(response.socket))).once('error', reject),
  )
  ws.on('error', wake)
  const next = async (): Promise<ReceivedFrame> => {
    while (frames.length === 0) {
      if (gone) throw new Error('The connection closed, and no frame came.')
      await arrived.promise
    }
    const [frame] = frames.splice(0, 1)
    if (!frame) throw new Error('unreachable')
    return frame
  }
  return {
    ws,
    socket,
    transcript,
    closed,
    next,
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async turn() {
      const turn: ReceivedFrame[] = []
      do turn.push(await next())
      while (turn.at(-1)?.type === 'delta')
      return turn
    },
    async close() {
      ws.close()
      await closed
    },
  }
}
