/** Turns as they happen. */
import { useSignal } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import type { Status } from '../../server/serve/page/data.ts'
import { address, note } from '../app/address.ts'
import { useKeys } from '../app/keys.ts'
import { useLoaded } from '../app/loaded.ts'
import { source } from '../app/source.ts'
import { There } from '../app/there.tsx'
import { Bar } from './bar.tsx'
import { Detail } from './detail.tsx'
import { Empty } from './empty.tsx'
import { useFeed } from './feed.ts'
import { List } from './list.tsx'
import { type Seen, heldAt, matching } from './turns.ts'

export function LiveView() {
  // A server that asks for a token says so here: of a WebSocket it is not told why it was refused.
  const loaded = useLoaded('status', source.status)
  return (
    <There loaded={loaded} what="the server">
      {(status) => <Turns status={status} />}
    </There>
  )
}

function Turns({ status }: { readonly status: Status }) {
  const feed = useFeed()
  const frame = useRef<HTMLDivElement>(null)
  const { query } = address.value
  const words = query.get('q') ?? ''
  const chosen = query.has('turn') ? Number(query.get('turn')) : undefined
  const hold = useHold(feed.turns.value, chosen)
  const found = useMemo(() => matching(feed.turns.value, words), [feed.turns.value, words])
  const { shown, newer } = heldAt(found, hold.until)
  const toTop = (): void => {
    hold.follow()
    note({ turn: undefined })
    const pane = frame.current?.querySelector<HTMLElement>('.pane')
    pane?.scrollTo({ top: 0 })
    pane?.focus({ preventScroll: true })
  }
  const turn = feed.turns.value.find(({ n }) => n === chosen)
  useKeys('In the live list', {
    '/': ['Filter', () => frame.current?.querySelector('input')?.focus()],
    p: ['Pause, or go on', hold.pause],
    Escape: ['Close what is chosen', () => note({ turn: undefined })],
  })
  return (
    <div ref={frame} class="live">
      <h1 class="unseen">Turns as they happen</h1>
      <Bar feed={feed} mode={status.mode} words={words} newer={newer} hold={hold} onNewer={toTop} />
      {feed.turns.value.length === 0 ? (
        <Empty standing={feed.standing.value} />
      ) : (
        <div class={chosen === undefined ? 'with' : 'with chosen'}>
          <List turns={shown} chosen={chosen} words={words} onScroll={hold.scrolled} />
          {chosen !== undefined && <Detail turn={turn} n={chosen} />}
        </div>
      )}
    </div>
  )
}

/** What keeps the list from moving while somebody looks: Pause, a scroll away from the top, or a turn that is chosen. */
function useHold(turns: readonly Seen[], chosen: number | undefined) {
  const isPaused = useSignal(false)
  const isAway = useSignal(false)
  const newest = turns[0]?.n ?? 0
  const held = useRef<number | undefined>(undefined)
  const holds = isPaused.value || isAway.value || chosen !== undefined
  held.current = holds && newest > 0 ? Math.min(held.current ?? newest, newest) : undefined
  return {
    /** The newest turn that is shown; undefined shows all. */
    until: held.current,
    isPaused: isPaused.value,
    pause: () => void (isPaused.value = !isPaused.value),
    scrolled: (top: number) => void (isAway.value = top > 4),
    follow: () => {
      held.current = undefined
      isPaused.value = false
      isAway.value = false
    },
  }
}

export type Hold = ReturnType<typeof useHold>
