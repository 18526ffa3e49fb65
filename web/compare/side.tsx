/** One of the two sides: its name, how it ended, what it is, and how to take another. */
import type { ComponentChildren } from 'preact'
import type { View } from '../../server/serve/page/data.ts'
import { addressOf } from '../app/address.ts'
import { Ending } from '../parts/ending.tsx'
import { moment } from '../parts/format.ts'
import { Text } from '../parts/text.tsx'

interface Props {
  readonly side: 'Before' | 'After'
  readonly name: string
  /** Undefined until it has come. */
  readonly view: View | undefined
  /** How to take another. */
  readonly children: ComponentChildren
}

export const Side = ({ side, name, view, children }: Props) => (
  <section class={`side-card card ${side.toLowerCase()}`} aria-label={side}>
    <p class="which">
      <span class="sign" aria-hidden="true">
        {side === 'Before' ? '−' : '+'}
      </span>
      {side}
      {view && <Ending word={view.ending} why={view.why} />}
    </p>
    <p class="name">
      <a href={addressOf(['fixtures', name])}>
        <Text text={name} most={300} line />
      </a>
    </p>
    <p class="about">{view && <Facts view={view} />}</p>
    <div class="does">{children}</div>
  </section>
)

const Facts = ({ view: { model = '', api, written, recordedAt, upstream } }: { readonly view: View }) => (
  <>
    <Text text={model} most={80} line />
    <span>{api}</span>
    <span>{written ? 'written by hand' : `recorded ${moment(recordedAt)}`}</span>
    {!written && <Text text={upstream} most={80} line />}
  </>
)
