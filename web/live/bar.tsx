/** Above the list: how many turns there were of each kind, the filter, Pause, and what came since. */
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
            <dd class={counters?.[of] ? undefined : 'none'}>{number(counters?.[of])}</dd>
          </div>
        ))}
      </dl>
      <div class="tools">
        <Status standing={feed.standing.value} mode={mode} />
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
        <button type="button" class="button" aria-pressed={hold.isPaused} onClick={hold.pause}>
          <Icon name={hold.isPaused ? 'play' : 'pause'} /> Pause
        </button>
      </div>
    </header>
  )
}

const Status = ({ standing, mode }: { readonly standing: Standing; readonly mode: string }) => (
  <span class={standing === 'lost' ? 'standing warn' : 'standing'} role="status">
    {standing === 'lost' ? <Icon name="warning" /> : <span class={`dot ${standing}`} aria-hidden="true" />}
    {standing === 'connected' ? `Connected, ${mode}` : WAITING[standing]}
  </span>
)

const WAITING = { connecting: 'Connecting…', lost: 'Connection lost, trying again…' } as const
