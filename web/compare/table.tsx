/** A table of numbers: before, after, and the difference. */
import { Text } from '../parts/text.tsx'
import { type Figure, differenceOf } from './figures.ts'

export function Figures({ label, figures }: { readonly label: string; readonly figures: readonly Figure[] }) {
  return (
    <table class="figures" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">What</span>
          </th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        {figures.map((figure) => (
          <tr key={figure.name} class={figure.before === figure.after ? 'equal' : undefined}>
            <th scope="row">
              <Text text={figure.name} most={120} line />
            </th>
            <td>{figure.say(figure.before)}</td>
            <td>{figure.say(figure.after)}</td>
            <td class="difference">{differenceOf(figure)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
