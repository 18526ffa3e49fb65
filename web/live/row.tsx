/** One turn in the list. */
import { bytes, counted, duration } from '../parts/format.ts'
import { Icon } from '../parts/icons.tsx'
import { Text } from '../parts/text.tsx'
import { outcomeOf } from './outcome.ts'
import { type Seen, filled, partsOf, tookBy } from './turns.ts'

interface Props {
  readonly turn: Seen | undefined
  /** On this page's clock, in ms. */
  readonly now: number
}

export function RowCells({ turn, now }: Props) {
  if (turn === undefined) return null
  const { endpoint, asked, model, api, count, unit, bytes: size, firstMs, code } = turn
  const { name, path } = partsOf(endpoint)
  return (
    <>
      <span role="gridcell" class="at">
        {clock(turn.at)}
      </span>
      <span role="gridcell" class="outcome">
        <OutcomeWord turn={turn} />
      </span>
      <span role="gridcell" class="endpoint">
        {name !== undefined && (
          <span class="client">
            <Text text={`@${name}`} most={64} line />
          </span>
        )}
        <Text text={path} most={120} line />
      </span>
      <span role="gridcell" class="by-model">
        <Text text={model || api || ''} most={80} line />
      </span>
      <span role="gridcell" class="asked">
        {code !== undefined && code !== 'fixture_miss' && <span class="code">{code}</span>}
        {asked !== undefined && <Text text={asked} most={200} line />}
      </span>
      <span role="gridcell" class="pieces">
        {turn.open ? <Progress turn={turn} /> : counted(count, unit ?? 'piece')}
      </span>
      <span role="gridcell" class="bytes">
        {bytes(size)}
      </span>
      <span role="gridcell" class="first">
        {duration(firstMs)}
      </span>
      <span role="gridcell" class="took">
        {duration(tookBy(turn, now))}
      </span>
    </>
  )
}

export function OutcomeWord({ turn }: { readonly turn: Seen }) {
  const { word, icon, tone } = outcomeOf(turn)
  return (
    <span class={`ending ${tone}`}>
      <Icon name={icon} /> {word}
    </span>
  )
}

const Progress = ({ turn }: { readonly turn: Seen }) => (
  <>
    <span class="fill" aria-hidden="true">
      <span style={{ transform: `scaleX(${filled(turn)})` }} />
    </span>
    <span class="so-far">{turn.count}</span>
  </>
)

const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** When it began, on this machine's clock. */
function clock(iso: string): string {
  const at = Date.parse(iso)
  return Number.isNaN(at) ? '' : time.format(at)
}
