/** Which two are compared, how to compare others, and what differs in short. */
import { addressOf } from '../app/address.ts'
import type { Compared } from '../../server/serve/page/data.ts'
import { Icon } from '../parts/icons.tsx'
import { Revision } from './revision.tsx'
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
  const isWithGit = other === undefined
  return (
    <header class="compare-head">
      <h1 class="unseen">Two fixtures beside each other</h1>
      <div class={isWithGit ? 'two with-git' : 'two'}>
        <Side side="Before" name={name} view={compared?.before}>
          {isWithGit ? (
            <Revision name={name} revision={revision} />
          ) : (
            <a class="button" href={addressOf(['compare', other])}>
              What git has
            </a>
          )}
        </Side>
        {!isWithGit && (
          <a class="button swap" href={addressOf(['compare', other, name])}>
            <Icon name="swap" /> Swap
          </a>
        )}
        <Side side="After" name={other ?? name} view={compared?.after}>
          <a class="button" href={addressOf(['fixtures'])}>
            Another fixture
          </a>
        </Side>
      </div>
      {compared && <Verdict compared={compared} />}
    </header>
  )
}
