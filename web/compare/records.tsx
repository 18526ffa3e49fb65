/** The records side by side: in runs of one type, unfolded on demand; of the one that is chosen both sides, whole. */
import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { Compared, View } from '../../server/serve/page/data.ts'
import { counted, duration, number } from '../parts/format.ts'
import { Json } from '../parts/json.tsx'
import { keyOf } from '../parts/key.ts'
import { stepped } from '../parts/step.ts'
import { Text } from '../parts/text.tsx'
import { Windowed } from '../parts/windowed.tsx'
import { bytesFrom, dump, jsonIn } from '../parts/wire.ts'
import { type Row, rowsOf, shortType, signOf, textsOf } from './rows.ts'

const ROW = 26

/** How many rows are seen at once before the list scrolls. */
const MOST_SEEN = 16

/** How much of a record's text stands in its row, in characters. */
const MAX_TEXT = 200

export function Records({ before, after, runs, comparison: { members } }: Compared) {
  const { rows, chosen, choose, press } = useRows(runs)
  const texts = useMemo(() => [textsOf(before), textsOf(after)] as const, [before, after])
  const cellsOf = (row: Row) => (
    <>
      <Cell row={row} index={row.before} view={before} texts={texts[0]} />
      <span role="gridcell" class="sign">
        {row.kind === 'run' && signOf(row)}
      </span>
      <Cell row={row} index={row.after} view={after} texts={texts[1]} />
    </>
  )
  const row = rows[chosen ?? -1]
  return (
    <>
      <div class="pane-of-rows" style={{ height: `${Math.min(rows.length, MOST_SEEN) * ROW}px` }}>
        <Windowed
          id="compared-record"
          role="grid"
          label="Records before and after, by type"
          count={rows.length}
          rowHeight={ROW}
          chosen={chosen}
          onChoose={choose}
          onKeyDown={press}
          rowClass={(index) => classOf(rows[index])}
          row={(index) => rows[index] && cellsOf(rows[index])}
        />
      </div>
      {row?.kind === 'record' && (
        <div class="both">
          <Whole view={before} record={row.before} side="before" />
          <Whole view={after} record={row.after} side="after" />
        </div>
      )}
      {members.length > 0 && <InEvents members={members} />}
    </>
  )
}

/** The rows as they are unfolded, and the one that is chosen. */
function useRows(runs: Compared['runs']) {
  const open = useSignal<ReadonlySet<number>>(new Set())
  const chosen = useSignal<number | undefined>(undefined)
  const rows = useMemo(() => rowsOf(runs, open.value), [runs, open.value])
  const choose = (index: number): void => {
    chosen.value = index
    const row = rows[index]
    if (row?.kind !== 'run') return
    const next = new Set(open.value)
    if (!next.delete(row.run)) next.add(row.run)
    open.value = next
  }
  const press = (event: KeyboardEvent): void => {
    const now = chosen.value ?? -1
    const to = stepped(event, now, rows.length)
    if (to !== undefined) chosen.value = to
    else if (['Enter', 'Space'].includes(keyOf(event))) choose(now)
    else return
    event.preventDefault()
  }
  return { rows, chosen: chosen.value, choose, press }
}

/** How many kinds of members are named. */
const MOST_MEMBERS = 20

const InEvents = ({ members }: Pick<Compared['comparison'], 'members'>) => (
  <p class="in-events">
    Members of events that differ:
    {members.slice(0, MOST_MEMBERS).map(({ type, member, count }) => (
      <span key={`${type} ${member}`} class="member">
        <Text text={`${shortType(type)} ${member}`} most={120} line /> ×{number(count)}
      </span>
    ))}
    {members.length > MOST_MEMBERS && ` and ${counted(members.length - MOST_MEMBERS, 'other')}`}
  </p>
)

function classOf(row: Row | undefined): string {
  if (row?.kind !== 'run') return 'record'
  if (row.before === row.after) return 'run'
  return row.before === 0 ? 'run gained' : row.after === 0 ? 'run lost' : 'run differs'
}

interface CellProps {
  readonly row: Row
  /** Of a run, how many records this side has in it; of a record, which one it is. */
  readonly index: number | undefined
  readonly view: View
  readonly texts: ReadonlyMap<number, string>
}

function Cell({ row, index, view, texts }: CellProps) {
  if (row.kind === 'run') {
    return (
      <span role="gridcell" class="side" aria-expanded={row.isOpen}>
        <span class={`fold ${row.isOpen ? 'open' : ''}`} aria-hidden="true" />
        {index === 0 ? (
          <span class="none">none</span>
        ) : (
          <>
            <span class="type">
              <Text text={shortType(row.type)} most={120} line />
            </span>
            <span class="times">×{number(index)}</span>
          </>
        )}
      </span>
    )
  }
  return (
    <span role="gridcell" class="side">
      {index !== undefined && (
        <>
          <span class="at">{duration(view.records.at[index])}</span>
          <span class="piece">
            <Text text={texts.get(index) ?? ''} most={MAX_TEXT} line />
          </span>
        </>
      )}
    </span>
  )
}

interface WholeProps {
  readonly view: View
  readonly record: number | undefined
  readonly side: 'before' | 'after'
}

function Whole({ view, record, side }: WholeProps) {
  if (record === undefined) return <p class="nothing">No such record {side}.</p>
  const { at, bytes, wire, binary } = view.records
  const text = wire[record] ?? ''
  const raw = binary.includes(record) ? bytesFrom(text) : text
  return (
    <section aria-label={`The record ${side}`}>
      <h3>
        Record {number(record + 1)} {side}{' '}
        <span class="note">
          {duration(at[record])}, {counted(bytes[record] ?? 0, 'byte')}
        </span>
      </h3>
      <Json text={jsonIn(raw, view.framing) ?? (typeof raw === 'string' ? raw : dump(raw))} />
    </section>
  )
}
