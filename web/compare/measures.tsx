/** Numbers of both sides in a row, each with its difference. */
import { Text } from '../parts/text.tsx'
import { type Figure, differenceOf } from './figures.ts'

export const Measures = ({ figures }: { readonly figures: readonly Figure[] }) => (
  <dl class="facts">
    {figures.map((figure) => (
      <div key={figure.name}>
        <dt>
          <Text text={figure.name} most={120} line />
        </dt>
        <dd>
          {figure.say(figure.before)} <span class="arrow">→</span> {figure.say(figure.after)}
        </dd>
        <dd class={figure.before === figure.after ? 'difference equal' : 'difference'}>{differenceOf(figure)}</dd>
      </div>
    ))}
  </dl>
)
