/** Numbers of both sides in a row, each with its difference. */
import { type Figure, differenceOf } from './figures.ts'

export const Measures = ({ figures }: { readonly figures: readonly Figure[] }) => (
  <dl class="facts">
    {figures.map((figure) => (
      <div key={figure.name}>
        <dt>{figure.name}</dt>
        <dd>
          <span class="unseen">before </span>
          {figure.say(figure.before)}
          <span class="arrow" aria-hidden="true">
            {' → '}
          </span>
          <span class="unseen"> after </span>
          {figure.say(figure.after)}
        </dd>
        <dd class={figure.before === figure.after ? 'difference equal' : 'difference'}>
          <span class="unseen">difference </span>
          {differenceOf(figure)}
        </dd>
      </div>
    ))}
  </dl>
)
