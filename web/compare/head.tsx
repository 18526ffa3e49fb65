/** Which two are compared, how to compare others, and what differs in short. */
import { useSignal } from '@preact/signals'
import { addressOf, goTo } from '../app/address.ts'
import { useKeys } from '../app/keys.ts'
import type { Compared } from '../../server/serve/page/data.ts'
import { Icon } from '../parts/icons.tsx'
import { Choose } from './choose.tsx'
import { Side } from './side.tsx'
import { Verdict } from './verdict-line.tsx'

/** What is compared: two fixtures, or one and what git has of it. */
export interface Pair {
  readonly name: string
  readonly other: string | undefined
  readonly revision: string
}

interface Props extends Pair {
  /** Undefined until it has come. */
  readonly compared: Compared | undefined
}

export function Head({ name, other, revision, compared }: Props) {
  const choosing = useSignal<'before' | 'after' | undefined>(undefined)
  const swap = (): void => {
    if (other !== undefined) goTo(addressOf(['compare', other, name]))
  }
  const choose = (chosen: string): void => {
    const isBefore = choosing.value === 'before'
    choosing.value = undefined
    if (isBefore) goTo(addressOf(['compare', chosen, other ?? name]))
    else goTo(addressOf(other === undefined ? ['compare', chosen] : ['compare', name, chosen]))
  }
  useKeys('In the comparison', { x: ['Swap both sides', swap] })
  return (
    <header class="compare-head">
      <h1 class="unseen">Two fixtures beside each other</h1>
      <div class={other === undefined ? 'two with-git' : 'two'}>
        <Side
          side="before"
          name={name}
          git={other === undefined ? { name, revision } : { name: other }}
          view={compared?.before}
          onChange={() => (choosing.value = 'before')}
        />
        {other !== undefined && (
          <button type="button" class="button swap" onClick={swap} title="Swap both sides (x)">
            <Icon name="swap" /> Swap
          </button>
        )}
        <Side side="after" name={other ?? name} view={compared?.after} onChange={() => (choosing.value = 'after')} />
      </div>
      {compared && <Verdict compared={compared} />}
      {choosing.value && (
        <Choose
          title={choosing.value === 'before' ? 'Which fixture is before?' : 'Which fixture is after?'}
          onChoose={choose}
          onClose={() => (choosing.value = undefined)}
        />
      )}
    </header>
  )
}
