/** The records side by side: in runs of one type, unfolded on demand; of the one that is chosen both sides, whole. */
import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { Compared, View } from '../../server/serve/page/data.ts'
import { Card } from '../parts/card.tsx'
import { counted, duration, number } from '../parts/format.ts'
import { Json } from '../parts/json.tsx'
import { Text } from '../parts/text.tsx'
import { Windowed } from '../parts/windowed.tsx'
import { bytesFrom, dump, jsonIn } from '../parts/wire.ts'
import { type Row, rowsOf, shortType, signOf, textsOf } from './rows.ts'

const ROW = 26

/** How many rows are seen at once before the list scrolls. */
const MOST_SEEN = 16

/** How much of a record's text stands in its row, in characters. */
const MAX_TEXT = 200

export function Records(compared: Compared) {
  const { before, after, runs, comparison } = compared
  const differing = useSignal(false)
  const { rows, chosen, choose, press } = useRows(runs, differing.value)
  const texts = useMemo(() => [textsOf(before), textsOf(after)] as const, [before, after])
  const isMoved = runs.some((run) => run.before !== run.after)
  const row = rows[chosen ?? -1]
  return (
    <Card
      title="Records"
      class="both-records"
      note={isMoved ? 'Their types differ in order or number.' : 'The same types in the same order.'}
      tools={
        isMoved && (
          <button
            type="button"
            class="button"
            aria-pressed={differing.value}
            onClick={() => (differing.value = !differing.value)}
          >
            Only what differs
          </button>
        )
      }
    >
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
          row={(index) => <Cells row={rows[index]} before={before} after={after} texts={texts} />}
        />
      </div>
      {row?.kind === 'record' && <Both before={before} after={after} row={row} />}
      {comparison.members.length > 0 && <InEvents members={comparison.members} />}
    </Card>
  )
}

/** The rows as they are unfolded, and the one that is chosen. */
function useRows(runs: Compared['runs'], differing: boolean) {
  const open = useSignal<ReadonlySet<number>>(new Set())
  const chosen = useSignal<number | undefined>(undefined)
  const rows = useMemo(() => rowsOf(runs, open.value, differing), [runs, open.value, differing])
  useEffect(() => void (chosen.value = undefined), [runs, differing])
  const unfold = ({ run, isOpen }: Extract<Row, { kind: 'run' }>, to = !isOpen): void => {
    const next = new Set(open.value)
    if (to) next.add(run)
    else next.delete(run)
    open.value = next
  }
  const choose = (index: number): void => {
    chosen.value = index
    const row = rows[index]
    if (row?.kind === 'run') unfold(row)
  }
  const press = (event: KeyboardEvent): void => {
    const row = rows[chosen.value ?? -1]
    const to = stepped(event.key, chosen.value ?? -1, rows.length)
    if (to !== undefined) chosen.value = to
    else if (row?.kind !== 'run') return
    else if (event.key === 'Enter' || event.key === ' ') unfold(row)
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') unfold(row, event.key === 'ArrowRight')
    else return
    event.preventDefault()
  }
  return { rows, chosen: chosen.value, choose, press }
}

/** Where a key leads in a list; undefined if nowhere. */
function stepped(key: string, now: number, count: number): number | undefined {
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  const step = STEPS[key]
  return step === undefined ? undefined : Math.max(0, Math.min(count - 1, now + step))
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

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, j: 1, k: -1 }

function classOf(row: Row | undefined): string {
  if (row?.kind !== 'run') return 'record'
  if (row.before === row.after) return 'run'
  return row.before === 0 ? 'run gained' : row.after === 0 ? 'run lost' : 'run differs'
}

interface CellsProps {
  readonly row: Row | undefined
  readonly before: View
  readonly after: View
  readonly texts: readonly [ReadonlyMap<number, string>, ReadonlyMap<number, string>]
}

function Cells({ row, before, after, texts: [left, right] }: CellsProps) {
  if (row === undefined) return null
  if (row.kind === 'record') {
    return (
      <>
        <RecordCell view={before} record={row.before} texts={left} />
        <span role="gridcell" class="sign" />
        <RecordCell view={after} record={row.after} texts={right} />
      </>
    )
  }
  const { type, isOpen } = row
  return (
    <>
      <span role="gridcell" class="side" aria-expanded={isOpen}>
        <span class={`fold ${isOpen ? 'open' : ''}`} aria-hidden="true" />
        <RunSide type={type} count={row.before} />
      </span>
      <span role="gridcell" class="sign">
        {signOf(row)}
      </span>
      <span role="gridcell" class="side">
        <RunSide type={type} count={row.after} />
      </span>
    </>
  )
}

const RunSide = ({ type, count }: { readonly type: string; readonly count: number }) =>
  count === 0 ? (
    <span class="none">none</span>
  ) : (
    <>
      <span class="type">
        <Text text={shortType(type)} most={120} line />
      </span>
      <span class="times">×{number(count)}</span>
    </>
  )

interface RecordCellProps {
  readonly view: View
  readonly record: number | undefined
  readonly texts: ReadonlyMap<number, string>
}

function RecordCell({ view: { records }, record, texts }: RecordCellProps) {
  if (record === undefined) return <span role="gridcell" class="side" />
  const text = texts.get(record)
  return (
    <span role="gridcell" class="side">
      <span class="at">{duration(records.at[record])}</span>
      <span class="piece">{text !== undefined && <Text text={text} most={MAX_TEXT} line />}</span>
    </span>
  )
}

interface BothProps {
  readonly before: View
  readonly after: View
  readonly row: Extract<Row, { kind: 'record' }>
}

const Both = ({ before, after, row }: BothProps) => (
  <div class="both">
    <Whole view={before} record={row.before} side="Before" />
    <Whole view={after} record={row.after} side="After" />
  </div>
)

interface WholeProps {
  readonly view: View
  readonly record: number | undefined
  readonly side: string
}

function Whole({ view, record, side }: WholeProps) {
  if (record === undefined) return <p class="nothing">{side}: no such record.</p>
  const { at, bytes, wire, binary } = view.records
  const isBinary = binary.includes(record)
  const raw = wire[record] ?? ''
  const json = jsonIn(isBinary ? bytesFrom(raw) : raw, view.framing)
  return (
    <section aria-label={`The record ${side.toLowerCase()}`}>
      <h3>
        {side}: record {number(record + 1)}{' '}
        <span class="note">
          {duration(at[record])}, {counted(bytes[record] ?? 0, 'byte')}
        </span>
      </h3>
      <Json text={json ?? (isBinary ? dump(bytesFrom(raw)) : raw)} />
    </section>
  )
}
