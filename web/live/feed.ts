/** What is known of turns, as signals that follow the server. */
import { type ReadonlySignal, batch, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Counters } from '../../server/serve/feed.ts'
import { type Connection, type Standing, connect } from './connection.ts'
import { type Seen, withNews } from './turns.ts'

export interface Feed {
  readonly turns: ReadonlySignal<readonly Seen[]>
  /** Undefined until the server has told them. */
  readonly counters: ReadonlySignal<Counters | undefined>
  readonly standing: ReadonlySignal<Standing>
  /** Tries to connect at once. */
  readonly again: () => void
}

/** Follows the turns for as long as the view is shown. */
export function useFeed(): Feed {
  const turns = useSignal<readonly Seen[]>([])
  const counters = useSignal<Counters | undefined>(undefined)
  const standing = useSignal<Standing>({ state: 'connecting' })
  const connection = useRef<Connection>(undefined)
  useEffect(() => {
    const made = connect({
      onStanding: (next) => {
        if (next.state !== standing.value.state || next.state === 'waiting') standing.value = next
      },
      onMessage: (message) =>
        batch(() => {
          counters.value = message.counters
          // A server that began anew counts from 1 again: what was known is of another.
          turns.value = withNews(message.type === 'hello' ? [] : turns.value, message.turns, performance.now())
        }),
    })
    connection.current = made
    return () => made.close()
  }, [])
  return { turns, counters, standing, again: () => connection.current?.again() }
}
