/** A client that leaves in the middle, and what the server tells of its turn to those who watch. */
import type { LiveMessage, LiveTurn } from '../../server/serve/feed.ts'
import { socketAt, whenAborted } from './asking.ts'
import type { Left } from './facts.ts'
import type { Heard } from './heard.ts'

/** What leaves: called once the server is watched. */
export type Leaver = (signal: AbortSignal, arrived: () => void) => { readonly heard: Heard }

/** How long the server may take to tell of a turn, in ms. Only a server that hangs takes so long. */
const PATIENCE_MS = 10_000

/**
 * Begins a turn that would go on, leaves it, and waits for what the server tells of it.
 *
 * @param name the name under which it speaks, and nobody else
 * @param hasFirst whether something comes before the answer waits: then the client leaves with that, or else as soon as the
 *   server has told of the turn
 */
export function leave(name: string, begin: Leaver, hasFirst: boolean, signal: AbortSignal): Promise<Left> {
  const { promise, resolve } = Promise.withResolvers<Left>()
  const going = new AbortController()
  const feed = socketAt(new URL('./page/live', document.baseURI))
  let heard: Heard | undefined
  const end = (left: Left): void => {
    going.abort()
    feed.close()
    clearTimeout(timer)
    resolve(left)
  }
  let turn: LiveTurn | undefined
  const told = (): void => end({ turn, came: heard?.length ?? 0 })
  const timer = setTimeout(told, PATIENCE_MS)
  /** The last turn that there was before: those of takes before this one may have the same name. */
  let before: number | undefined
  const take = (each: LiveTurn): void => {
    if (each.n <= (before ?? 0) || !each.endpoint.startsWith(`/@${name}/`)) return
    turn = each
    if (!turn.open) told()
    else if (!hasFirst) going.abort()
  }
  feed.addEventListener('message', ({ data }) => {
    const message: LiveMessage = JSON.parse(String(data))
    if (before !== undefined) return message.turns.forEach(take)
    before = Math.max(0, ...message.turns.map(({ n }) => n))
    heard = begin(going.signal, () => hasFirst && (heard?.length ?? 0) > 0 && going.abort()).heard
  })
  feed.addEventListener('close', () => end({ came: 0 }))
  whenAborted(signal, () => end({ came: 0 }))
  return promise
}
