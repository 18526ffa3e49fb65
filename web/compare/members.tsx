/** The members that differ, each word by word. */
import { useSignal } from '@preact/signals'
import type { MemberWords } from '../../server/serve/page/data.ts'
import { counted } from '../parts/format.ts'
import { Text } from '../parts/text.tsx'
import { Words } from './words.tsx'

/** How many members are shown at first, and how many more each time. */
const STEP = 40

export function Members({ members }: { readonly members: readonly MemberWords[] }) {
  const most = useSignal(STEP)
  const rest = members.length - most.value
  return (
    <>
      <dl class="members">
        {members.slice(0, most.value).map(({ name, changes }) => (
          <div key={name}>
            <dt>
              <Text text={name} most={300} line />
            </dt>
            <dd>
              <Words changes={changes} />
            </dd>
          </div>
        ))}
      </dl>
      {rest > 0 && (
        <button type="button" class="unfold" onClick={() => (most.value += STEP)}>
          {counted(rest, 'member')} more
        </button>
      )}
    </>
  )
}
