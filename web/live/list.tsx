/** The list of turns, the newest first. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { addressOf, goTo, note } from '../app/address.ts'
import { Windowed } from '../parts/windowed.tsx'
import { RowCells } from './row.tsx'
import { type Seen } from './turns.ts'

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

  const at = chosen === undefined ? undefined : turns.findIndex(({ n }) => n === chosen)
  const choose = (index: number): void => note({ turn: String(turns[index]?.n) })
  const press = (event: KeyboardEvent): void => {
    const step = STEPS[event.key]
    if (step !== undefined) choose(Math.max(0, Math.min(turns.length - 1, (at ?? -1) + step)))
    else if (event.key === 'Home') choose(0)
    else if (event.key === 'End') choose(turns.length - 1)
    else if (event.key === 'Enter') openFixture(turns[at ?? -1])
    else return
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
      onOpen={(index) => openFixture(turns[index])}
      onKeyDown={press}
      onScroll={onScroll}
      rowClass={(index) => (turns[index]?.open ? 'running' : undefined)}
      head={<Head />}
      row={(index) => <RowCells turn={turns[index]} now={now} />}
    />
  )
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, j: 1, k: -1 }

/** Goes to the fixture of a turn, if it has one. */
function openFixture(turn: Seen | undefined): void {
  if (turn?.fixture !== undefined && turn.action !== 'miss') goTo(addressOf(['fixtures', turn.fixture]))
}

const Head = () => (
  <div role="row" aria-rowindex={1} class="heads">
    {HEADS.map(([text, name]) => (
      <span key={name} role="columnheader" class={name}>
        {text}
      </span>
    ))}
  </div>
)

/** What stands above each column, and the class of its cells. */
const HEADS = [
  ['At', 'at'],
  ['Outcome', 'outcome'],
  ['Endpoint', 'endpoint'],
  ['Model', 'by-model'],
  ['Asked', 'asked'],
  ['Pieces', 'pieces'],
  ['Bytes', 'bytes'],
  ['First', 'first'],
  ['Took', 'took'],
] as const

/** The time on this page's clock, again and again while something is under way. */
function useNow(isRunning: boolean): number {
  const now = useSignal(performance.now())
  useEffect(() => {
    if (!isRunning) return undefined
    const timer = setInterval(() => (now.value = performance.now()), 250)
    return () => clearInterval(timer)
  }, [isRunning])
  return Math.max(now.value, 0)
}
