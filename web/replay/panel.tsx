/** Replay: a fixture played again as any client would, beside what was recorded. */
import type { ReadonlySignal } from '@preact/signals'
import type { View } from '../../server/serve/page/data.ts'
import { Card } from '../parts/card.tsx'

interface Props {
  readonly view: View
  /** How many records the play head has passed. */
  readonly head: ReadonlySignal<number>
}

export function ReplayPanel({ view }: Props) {
  return <Card title="Replay" note={view.replay.how === 'none' ? view.replay.why : undefined} class="replay" />
}
