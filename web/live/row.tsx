/** One turn in the list, column by column. */
import type { ComponentChildren } from 'preact'
import { bytes, counted, duration } from '../parts/format.ts'
import { Icon } from '../parts/icons.tsx'
import { Text } from '../parts/text.tsx'
import { outcomeOf } from './outcome.ts'
import { type Seen, partsOf, tookBy } from './turns.ts'

/** What stands above a column, the class of its cells, and what is in the cell of a turn at a time on this page's clock, in ms. */
type Column = readonly [head: string, name: string, cell: (turn: Seen, now: number) => ComponentChildren]

export const COLUMNS: readonly Column[] = [
  ['At', 'at', ({ at }) => time.format(new Date(at))],
  ['Outcome', 'outcome', (turn) => <OutcomeWord turn={turn} />],
  ['Endpoint', 'endpoint', ({ endpoint }) => <Endpoint {...partsOf(endpoint)} />],
  ['Model', 'by-model', ({ model, api }) => <Text text={model || api || ''} most={80} line />],
  ['Asked', 'asked', (turn) => <Asked turn={turn} />],
  ['Pieces', 'pieces', ({ count, unit = 'piece' }) => counted(count, unit)],
  ['Bytes', 'bytes', (turn) => bytes(turn.bytes)],
  ['First', 'first', ({ firstMs }) => duration(firstMs)],
  ['Took', 'took', (turn, now) => duration(tookBy(turn, now))],
]

const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

export function OutcomeWord({ turn }: { readonly turn: Seen }) {
  const { word, icon, tone } = outcomeOf(turn)
  return (
    <span class={`ending ${tone}`}>
      <Icon name={icon} /> {word}
    </span>
  )
}

const Endpoint = ({ name, path }: ReturnType<typeof partsOf>) => (
  <>
    {name !== undefined && (
      <span class="client">
        <Text text={`@${name}`} most={64} line />
      </span>
    )}
    <Text text={path} most={120} line />
  </>
)

const Asked = ({ turn: { asked = '', code } }: { readonly turn: Seen }) => (
  <>
    {code !== undefined && code !== 'fixture_miss' && <span class="code">{code}</span>}
    <Text text={asked} most={200} line />
  </>
)
