/** The list of turns, the newest first. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { note } from '../app/address.ts'
import { stepped } from '../parts/step.ts'
import { Windowed } from '../parts/windowed.tsx'
import { COLUMNS } from './row.tsx'
import type { Seen } from './turns.ts'

interface Props {
  readonly turns: readonly Seen[]
  readonly chosen: number | undefined
  readonly words: string
  readonly onScroll: (top: number) => void
}

/** How high a row is, in one line and in two, in CSS pixels. */
const ROW = 32
const NARROW_ROW = 58

const narrow = matchMedia('(max-width: 900px)')

export function List({ turns, chosen, words, onScroll }: Props) {
  const isNarrow = useSignal(narrow.matches)
  const now = useNow(turns.some(({ open }) => open))
  useEffect(() => {
    const change = (): void => void (isNarrow.value = narrow.matches)
    narrow.addEventListener('change', change)
    return () => narrow.removeEventListener('change', change)
  }, [])
  if (turns.length === 0) return <p class="nothing">No turn holds “{words}”.</p>

  const at = turns.findIndex(({ n }) => n === chosen)
  const choose = (index: number): void => note({ turn: String(turns[index]?.n) })
  const press = (event: KeyboardEvent): void => {
    const to = stepped(event, at, turns.length)
    if (to === undefined) return
    choose(to)
    event.preventDefault()
  }
  return (
    <Windowed
      id="turn"
      role="grid"
      label="Turns, the newest first"
      class="turns card"
      count={turns.length}
      rowHeight={isNarrow.value ? NARROW_ROW : ROW}
      chosen={at === -1 ? undefined : at}
      onChoose={choose}
      onKeyDown={press}
      onScroll={onScroll}
      head={<Head />}
      row={(index) => <Cells turn={turns[index]} now={now} />}
    />
  )
}

const Head = () => (
  <div role="row" aria-rowindex={1} class="heads">
    {COLUMNS.map(([head, name]) => (
      <span key={name} role="columnheader" class={name}>
        {head}
      </span>
    ))}
  </div>
)

const Cells = ({ turn, now }: { readonly turn: Seen | undefined; readonly now: number }) =>
  turn && (
    <>
      {COLUMNS.map(([, name, cell]) => (
        <span key={name} role="gridcell" class={name}>
          {cell(turn, now)}
        </span>
      ))}
    </>
  )

/** The time on this page's clock, again and again while something is under way. */
function useNow(isRunning: boolean): number {
  const now = useSignal(performance.now())
  useEffect(() => {
    if (!isRunning) return undefined
    const timer = setInterval(() => (now.value = performance.now()), 250)
    return () => clearInterval(timer)
  }, [isRunning])
  return now.value
}
