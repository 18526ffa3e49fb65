/** A turn of a chat, played as any client of `/ws-stream` would. */
import { type Manner, addressUnder, socketAt, whenAborted } from './asking.ts'
import { type Expected, frameIn, isTerminal } from './expected.ts'
import type { Pair } from './facts.ts'
import { Heard } from './heard.ts'

/** What a chat client says, and what is expected to come of it. */
export interface Turn {
  readonly name: string
  /** The members of the message, as JSON. */
  readonly message: string
  readonly expected: Expected
  readonly manner: Manner
}

/** What is listened to, and when it is over. */
export interface Listening {
  readonly heard: Heard
  readonly over: Promise<void>
}

const NORMAL = 1000

/**
 * Plays one turn. The connection stays open behind the last frame until the signal says so: nothing may follow.
 *
 * @param arrived is called at each frame, and at the end
 */
export function playTurn(turn: Turn, signal: AbortSignal, arrived: () => void): Listening {
  const heard = new Heard(turn.expected, performance.now())
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const socket = socketAt(addressUnder(turn.name, '/ws-stream', turn.manner))
  const now = (): number => performance.now() - heard.sent
  const ended = (): void => {
    arrived()
    resolve()
  }
  socket.addEventListener('open', () => {
    heard.sent = performance.now()
    socket.send(turn.message)
  })
  socket.addEventListener('message', ({ data }) => {
    heard.frame(now(), String(data))
    if (heard.end) ended()
    else arrived()
  })
  socket.addEventListener('close', ({ code, reason }) => {
    heard.end ??= { how: 'closed', at: now(), code, reason }
    ended()
  })
  whenAborted(signal, () => {
    heard.end ??= { how: 'stopped', at: now() }
    socket.close(NORMAL)
    ended()
  })
  return { heard, over }
}

/** Plays two turns on one connection: the second waits for the first. */
export function playPair(turn: Turn, signal: AbortSignal): Promise<Pair> {
  const [first, second] = [new Heard(turn.expected), new Heard(turn.expected)]
  let order = ''
  const { promise, resolve } = Promise.withResolvers<Pair>()
  const id = `second-${turn.name}`
  const socket = socketAt(addressUnder(turn.name, '/ws-stream', turn.manner))
  const began = performance.now()
  socket.addEventListener('open', () => {
    socket.send(turn.message)
    socket.send(`${turn.message.slice(0, -1)},"id":${JSON.stringify(id)}}`)
  })
  socket.addEventListener('message', ({ data }) => {
    const text = String(data)
    const frame = frameIn(text)
    const whose = frame?.id === id ? '2' : frame?.id === undefined ? '1' : '?'
    order += whose
    // Without its id it is to be the very frame of a turn that has none.
    if (whose === '2') second.frame(performance.now() - began, text.replace(`,"id":${JSON.stringify(id)}`, ''))
    else first.frame(performance.now() - began, text)
    if (isTerminal(frame) && first.end && second.end) socket.close(NORMAL)
  })
  socket.addEventListener('close', ({ code }) => {
    const both = first.end && second.end
    resolve({ first, second, order, ...(both ? {} : { closed: code }) })
  })
  whenAborted(signal, () => socket.close(NORMAL))
  return promise
}
