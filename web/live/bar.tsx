/** Above the list: how many turns there were of each kind, the filter, Pause, and what came since. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Counters } from '../../server/serve/feed.ts'
import { note } from '../app/address.ts'
import { number } from '../parts/format.ts'
import { Icon } from '../parts/icons.tsx'
import type { Standing } from './connection.ts'
import type { Feed } from './feed.ts'
import type { Hold } from './view.tsx'

/** The counters in their order. */
const COUNTS: readonly (readonly [of: keyof Counters, label: string])[] = [
  ['turns', 'Turns'],
  ['hits', 'Hits'],
  ['misses', 'Misses'],
  ['errors', 'Errors'],
  ['saved', 'Saved'],
  ['open', 'Running'],
]

interface Props {
  readonly feed: Feed
  readonly mode: string
  readonly words: string
  readonly newer: number
  readonly hold: Hold
  readonly onNewer: () => void
}

export function Bar({ feed, mode, words, newer, hold, onNewer }: Props) {
  const counters = feed.counters.value
  return (
    <header class="live-bar">
      <dl class="facts" aria-label="Since the server began">
        {COUNTS.map(([of, label]) => (
          <div key={of} class={of === 'misses' || of === 'errors' ? 'attention' : undefined}>
            <dt>{label}</dt>
            <dd class={counters && counters[of] > 0 ? undefined : 'none'}>{number(counters?.[of])}</dd>
          </div>
        ))}
      </dl>
      <div class="tools">
        <Status standing={feed.standing.value} mode={mode} again={feed.again} />
        {newer > 0 && (
          <button type="button" class="button main" onClick={onNewer}>
            <Icon name="up" /> {number(newer)} new
          </button>
        )}
        <input
          class="input"
          type="search"
          placeholder="Name, endpoint, outcome"
          aria-label="Filter the turns"
          spellcheck={false}
          autocomplete="off"
          value={words}
          onInput={({ currentTarget }) => note({ q: currentTarget.value })}
        />
        <button type="button" class="button" aria-pressed={hold.isPaused} onClick={() => hold.pause(!hold.isPaused)}>
          <Icon name={hold.isPaused ? 'play' : 'pause'} /> Pause
        </button>
      </div>
    </header>
  )
}

interface StatusProps {
  readonly standing: Standing
  readonly mode: string
  readonly again: () => void
}

function Status({ standing, mode, again }: StatusProps) {
  const left = useLeft(standing)
  if (standing.state === 'waiting') {
    return (
      <span class="standing warn">
        <Icon name="warning" />
        <span role="status">The connection is lost.</span>
        <span class="left">Next try {left > 0 ? `in ${left} s` : 'now'}.</span>
        <button type="button" class="button" onClick={again}>
          Try now
        </button>
      </span>
    )
  }
  return (
    <span class="standing" role="status">
      <span class={`dot ${standing.state}`} aria-hidden="true" />
      {standing.state === 'connected' ? `Connected, ${mode}` : 'Connecting…'}
    </span>
  )
}

/** How many seconds are left until it is tried again. */
function useLeft(standing: Standing): number {
  const now = useSignal(performance.now())
  useEffect(() => {
    now.value = performance.now()
    if (standing.state !== 'waiting') return undefined
    const timer = setInterval(() => (now.value = performance.now()), 500)
    return () => clearInterval(timer)
  }, [standing])
  return standing.state === 'waiting' ? Math.max(0, Math.ceil((standing.until - now.value) / 1000)) : 0
}
