/** What differs, in a line; each part leads to its card. */
import type { Compared } from '../../server/serve/page/data.ts'
import { Copy } from '../parts/copy.tsx'
import { Icon } from '../parts/icons.tsx'
import { type Part, verdictOf } from './verdict.ts'

/** The id of the card of a part. */
export const idOf = (part: Part): string => `differs-${part.toLowerCase()}`

export function Verdict({ compared }: { readonly compared: Compared }) {
  const parts = [...verdictOf(compared)]
  const isSame = parts.length === 0
  return (
    <div class="verdict">
      <p class={isSame ? 'good' : undefined}>
        <Icon name={isSame ? 'check' : 'compare'} />
        {isSame ? 'Nothing differs but ids and times.' : 'What differs:'}
      </p>
      {!isSame && (
        <ul>
          {parts.map(([part, note]) => (
            <li key={part}>
              <button type="button" class="button part" onClick={() => lead(part)}>
                {part} <span class="note">{note}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <Copy text={compared.command} label="Copy command" />
    </div>
  )
}

function lead(part: Part): void {
  const card = document.getElementById(idOf(part))
  card?.scrollIntoView()
  card?.focus({ preventScroll: true })
}
