/** A white card with a title, a note beside it, and tools at the right. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface Props {
  readonly title: string
  /** What is said beside the title. */
  readonly note?: ComponentChildren
  /** Buttons at the right. */
  readonly tools?: ComponentChildren
  readonly class?: string
  readonly children?: ComponentChildren
}

export function Card({ title, note, tools, class: name = '', children }: Props) {
  const id = useId()
  return (
    <section class={`card ${name}`} aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span class="note">{note}</span>}
        {tools !== undefined && <span class="tools">{tools}</span>}
      </header>
      {children}
    </section>
  )
}
