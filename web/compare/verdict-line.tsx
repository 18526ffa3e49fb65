/** What differs, in a line; each part leads to its card. */
import type { Compared } from '../../server/serve/page/data.ts'
import { Copy } from '../parts/copy.tsx'
import { Icon } from '../parts/icons.tsx'
import { NOTHING, type Part, verdictOf } from './verdict.ts'

/** The id of the card of a part. */
export const idOf = (name: Part['name']): string => `differs-${name.toLowerCase()}`

export function Verdict({ compared }: { readonly compared: Compared }) {
  const { same, parts } = verdictOf(compared)
  return (
    <div class="verdict">
      <p class={same ? 'good' : undefined}>
        <Icon name={same ? 'check' : 'compare'} />
        {same ? NOTHING : 'What differs:'}
      </p>
      {parts.length > 0 && (
        <ul>
          {parts.map(({ name, note }) => (
            <li key={name}>
              <button type="button" class="button part" onClick={() => lead(name)}>
                {name} <span class="note">{note}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <Copy text={compared.command} label="Copy command" />
    </div>
  )
}

function lead(name: Part['name']): void {
  const card = document.querySelector<HTMLElement>(`#${idOf(name)}`)
  card?.scrollIntoView({ block: 'start' })
  card?.focus({ preventScroll: true })
}
