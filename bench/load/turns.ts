/** Load over WebSockets: turn after turn on each connection. It counts bytes and parses nothing. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { clientFrame, openWebSocket } from './websocket.ts'

export interface TurnLoad {
  readonly url: URL
  readonly path: string
  readonly connections: number
  /** What is asked, one after the other and from the start again. */
  readonly inputs: readonly string[]
  /** Which of them is the first. */
  readonly from?: number
  /** The size of every answer, in bytes on the wire. */
  readonly answerBytes: number
  /** How long it is measured, in ms, once it runs evenly. */
  readonly windowMs: number
}

export interface TurnFigures {
  /** Answers in a second, the parts of one that fell into the window included. */
  readonly turnsPerSecond: number
  /** How many were asked, before it was measured, too. */
  readonly asked: number
  /** From the request to the first byte of the answer, for each answer that began, in ms. */
  readonly firstMs: readonly number[]
}

/** How long the load runs before it is measured, in ms. */
const RUN_UP_MS = 150

export async function loadTurns(load: TurnLoad): Promise<TurnFigures> {
  const { url, path, connections, answerBytes, windowMs } = load
  const requests = load.inputs.map((input) => clientFrame(JSON.stringify({ input })))
  const { promise: broken, reject: fail } = Promise.withResolvers<never>()
  let asked = 0
  const from = load.from ?? 0
  let bytes = 0
  let firstMs: number[] = []
  let over = false

  const talk = (socket: Socket): void => {
    let received = 0
    let sentAt = 0
    const ask = () => {
      received = 0
      sentAt = performance.now()
      socket.write(requests[(from + asked++) % requests.length] ?? '')
    }
    socket.on('data', (chunk) => {
      if (received === 0) firstMs.push(performance.now() - sentAt)
      received += chunk.length
      bytes += chunk.length
      if (received > answerBytes) fail(new Error(`${url.host} sent more than an answer has.`))
      else if (received === answerBytes && !over) ask()
    })
    socket.on('error', fail)
    socket.on('close', () => {
      if (!over) fail(new Error(`${url.host} closed a connection.`))
    })
    ask()
  }

  const sockets: Socket[] = []
  try {
    for (let index = 0; index < connections; index++) sockets.push(await openWebSocket(url, path))
    for (const socket of sockets) talk(socket)
    await Promise.race([sleep(RUN_UP_MS), broken])
    bytes = 0
    firstMs = []
    const began = performance.now()
    await Promise.race([sleep(windowMs), broken])
    const seconds = (performance.now() - began) / 1000
    return { turnsPerSecond: bytes / answerBytes / seconds, asked, firstMs }
  } finally {
    over = true
    for (const socket of sockets) socket.destroy()
  }
}
