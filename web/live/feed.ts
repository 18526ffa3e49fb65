/** What is known of turns, as signals that follow the server. */
import { type ReadonlySignal, batch, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Counters } from '../../server/serve/feed.ts'
import { type Standing, connect } from './connection.ts'
import { type Seen, withNews } from './turns.ts'

export interface Feed {
  readonly turns: ReadonlySignal<readonly Seen[]>
  /** Undefined until the server has told them. */
  readonly counters: ReadonlySignal<Counters | undefined>
  readonly standing: ReadonlySignal<Standing>
}

/** Follows the turns for as long as the view is shown. */
export function useFeed(): Feed {
  const turns = useSignal<readonly Seen[]>([])
  const counters = useSignal<Counters | undefined>(undefined)
  const standing = useSignal<Standing>('connecting')
  useEffect(
    () =>
      connect({
        onStanding: (next) => (standing.value = next),
        onMessage: (message) =>
          batch(() => {
            counters.value = message.counters
            // A server that began anew counts from 1 again: what was known is of another.
            turns.value = withNews(message.type === 'hello' ? [] : turns.value, message.turns, performance.now())
          }),
      }),
    [],
  )
  return { turns, counters, standing }
}
