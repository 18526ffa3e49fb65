/** A dialog in which one fixture is chosen, from a list that is filtered while one types. */
import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { Row } from '../../server/serve/page/data.ts'
import { Refused } from '../app/there.tsx'
import { errorOf } from '../app/loaded.ts'
import { source } from '../app/source.ts'
import { Ending } from '../parts/ending.tsx'
import { counted } from '../parts/format.ts'
import { Icon } from '../parts/icons.tsx'
import { Text } from '../parts/text.tsx'
import { Windowed } from '../parts/windowed.tsx'
import { matching } from './matching.ts'

interface Props {
  readonly title: string
  readonly onChoose: (name: string) => void
  readonly onClose: () => void
}

const ROW = 44

export function Choose({ title, onChoose, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const words = useSignal('')
  const chosen = useSignal(0)
  const { rows, isWhole, error } = useRows()
  const found = useMemo(() => matching(rows, words.value), [rows, words.value])
  useLayoutEffect(() => dialog.current?.showModal(), [])
  const take = (index: number): void => {
    const row = found[index]
    if (row) onChoose(row.name)
  }
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) chosen.value = Math.max(0, Math.min(found.length - 1, chosen.value + step))
    else if (event.key === 'Enter') take(chosen.value)
    else return
    event.preventDefault()
  }
  return (
    <dialog ref={dialog} class="dialog card choose" aria-label={title} onClose={onClose}>
      <div class="dialog-in">
        <header>
          <h2>{title}</h2>
          <button type="button" class="button bare" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        <Filter
          onWords={(text) => {
            words.value = text
            chosen.value = 0
          }}
          onKeyDown={press}
        />
        <p class="note" role="status">
          {isWhole ? counted(found.length, 'fixture') : `${counted(found.length, 'fixture')} so far…`}
        </p>
        {error ? (
          <Refused error={error} />
        ) : (
          <div class="choices">
            <Windowed
              id="choice"
              role="listbox"
              label="Fixtures"
              count={found.length}
              rowHeight={ROW}
              chosen={chosen.value}
              onChoose={take}
              onKeyDown={press}
              row={(index) => <Choice row={found[index]} />}
            />
          </div>
        )}
      </div>
    </dialog>
  )
}

interface FilterProps {
  readonly onWords: (text: string) => void
  readonly onKeyDown: (event: KeyboardEvent) => void
}

const Filter = ({ onWords, onKeyDown }: FilterProps) => (
  <input
    class="input"
    type="search"
    placeholder="Name, question, model"
    aria-label="Filter the fixtures"
    spellcheck={false}
    autocomplete="off"
    autofocus
    onInput={({ currentTarget }) => onWords(currentTarget.value)}
    onKeyDown={onKeyDown}
  />
)

const Choice = ({ row }: { readonly row: Row | undefined }) =>
  row && (
    <>
      <span class="name">
        <Text text={row.name} most={200} line />
      </span>
      <span class="about">
        <Ending word={row.ending} plain />
        {row.model && <Text text={row.model} most={60} line />}
        {row.asked && <Text text={row.asked} most={120} line />}
      </span>
    </>
  )

/** How many rows are asked for at once. */
const PART = 1000

/** All rows, part by part as they come. */
function useRows() {
  const rows = useSignal<readonly Row[]>([])
  const isWhole = useSignal(false)
  const error = useSignal<Error | undefined>(undefined)
  useEffect(() => {
    const shown = { still: true }
    const read = async (): Promise<void> => {
      for (let after: string | undefined = ''; after !== undefined && shown.still;) {
        const part: Awaited<ReturnType<typeof source.rows>> = await source.rows(after, PART)
        rows.value = [...rows.value, ...part.rows]
        after = part.next
      }
      isWhole.value = true
    }
    read().catch((thrown: unknown) => (error.value = errorOf(thrown)))
    return () => void (shown.still = false)
  }, [])
  return { rows: rows.value, isWhole: isWhole.value, error: error.value }
}
