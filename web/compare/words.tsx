/** A text word by word: what is of one side alone is marked by a sign, a line and a colour. */
import { useSignal } from '@preact/signals'
import type { Change } from '../../server/fixture/words.ts'
import { counted } from '../parts/format.ts'
import { Text } from '../parts/text.tsx'
import { type Folded, STEP, folded } from './fold.ts'

interface Props {
  readonly changes: readonly Change[]
}

/** How many pieces are shown at first, and how many more each time: each of them is an element. */
const PIECES = 400

export function Words({ changes }: Props) {
  const most = useSignal(PIECES)
  const rest = changes.length - most.value
  return (
    <div class="words" dir="auto">
      {changes.slice(0, most.value).map((_change, index) => (
        <Piece key={index} changes={changes} index={index} />
      ))}
      {rest > 0 && (
        <button type="button" class="unfold" onClick={() => (most.value += PIECES)}>
          {counted(rest, 'piece')} more
        </button>
      )}
    </div>
  )
}

function Piece({ changes, index }: Props & { readonly index: number }) {
  const more = useSignal(0)
  const change = changes[index]
  if (!change) return null
  const shown = <Shown {...folded(changes, index, more.value)} kind={change.kind} unfold={() => (more.value += STEP)} />
  if (change.kind === 'kept') return shown
  return change.kind === 'removed' ? <del>{shown}</del> : <ins>{shown}</ins>
}

interface ShownProps extends Folded {
  readonly kind: Change['kind']
  readonly unfold: () => void
}

function Shown({ head, hidden, tail, kind, unfold }: ShownProps) {
  return (
    <>
      {head !== '' && <Told text={head} isAlone={kind !== 'kept' && hidden === 0} />}
      {hidden > 0 && (
        <button type="button" class="unfold" onClick={unfold}>
          {counted(hidden, 'character')} {kind === 'kept' ? 'the same' : kind}
        </button>
      )}
      {tail !== '' && <Text text={tail} most={Infinity} />}
    </>
  )
}

/** A change of nothing but white space is told in words. */
function Told({ text, isAlone }: { readonly text: string; readonly isAlone: boolean }) {
  if (!isAlone || text.trim() !== '') return <Text text={text} most={Infinity} />
  const ends = text.split('\n').length - 1
  return <span class="mark">⟨{ends > 0 ? counted(ends, 'line end') : counted(text.length, 'space')}⟩</span>
}
