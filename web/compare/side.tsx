/** One of the two sides: its name, how it ended, what it is, and how to take another. */
import { useRef } from 'preact/hooks'
import type { View } from '../../server/serve/page/data.ts'
import { addressOf, goTo } from '../app/address.ts'
import { Ending } from '../parts/ending.tsx'
import { moment } from '../parts/format.ts'
import { Text } from '../parts/text.tsx'

interface Props {
  readonly side: 'before' | 'after'
  readonly name: string
  /** What git may be asked for here; with a revision, it was. */
  readonly git?: { readonly name: string; readonly revision?: string }
  /** Undefined until it has come. */
  readonly view: View | undefined
  readonly onChange: () => void
}

export function Side({ side, name, git, view, onChange }: Props) {
  const isBefore = side === 'before'
  return (
    <section class={`side-card card ${side}`} aria-label={isBefore ? 'Before' : 'After'}>
      <p class="which">
        <span class="sign" aria-hidden="true">
          {isBefore ? '−' : '+'}
        </span>{' '}
        {isBefore ? 'Before' : 'After'}
        {view && <Ending word={view.ending} why={view.why} />}
      </p>
      <p class="name">
        <a href={addressOf(['fixtures', name])}>
          <Text text={name} most={300} line />
        </a>
      </p>
      <p class="about">{view ? <Facts view={view} /> : ' '}</p>
      <div class="does">
        {git?.revision !== undefined && <Revision name={git.name} revision={git.revision} />}
        <button type="button" class="button" onClick={onChange}>
          {git?.revision === undefined ? 'Change…' : 'Another fixture…'}
        </button>
        {git && git.revision === undefined && (
          <a class="button" href={addressOf(['compare', git.name])}>
            What git has
          </a>
        )}
      </div>
    </section>
  )
}

function Facts({ view }: { readonly view: View }) {
  const { model, api, written, recordedAt, upstream } = view
  return (
    <>
      {model && <Text text={model} most={80} line />}
      <span>{api}</span>
      <span>{written ? 'written by hand' : `recorded ${moment(recordedAt)}`}</span>
      {!written && <Text text={upstream} most={80} line />}
    </>
  )
}

/** Which version git is asked for. */
function Revision({ name, revision }: { readonly name: string; readonly revision: string }) {
  const input = useRef<HTMLInputElement>(null)
  const show = (event: Event): void => {
    event.preventDefault()
    const typed = input.current?.value.trim() ?? ''
    goTo(addressOf(['compare', name], { revision: typed === 'HEAD' ? undefined : typed }))
  }
  return (
    <form class="revision" onSubmit={show}>
      <label>
        as git has it in{' '}
        <input
          key={revision}
          ref={input}
          class="input"
          defaultValue={revision}
          required
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          title="A commit, a branch or a tag"
        />
      </label>
      <button type="submit" class="button">
        Show
      </button>
    </form>
  )
}
