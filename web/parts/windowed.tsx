/** A long list of which only what is in sight is drawn. What it says of itself is what a whole list would say. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { sightOf, topFor } from './window.ts'

interface Props {
  /** Unique on the page: the rows are named after it. */
  readonly id: string
  /** A `grid` has rows of cells, which may hold links; the options of a `listbox` are text. */
  readonly role: 'grid' | 'listbox'
  readonly label: string
  readonly count: number
  /** In CSS pixels. */
  readonly rowHeight: number
  /** The row that is chosen; it is kept in sight when it changes. */
  readonly chosen?: number | undefined
  /** What is in a row: the cells of a grid, the content of an option. */
  readonly row: (index: number) => ComponentChildren
  readonly rowClass?: (index: number) => string | undefined
  readonly onChoose?: (index: number, event: MouseEvent) => void
  readonly onKeyDown?: (event: KeyboardEvent) => void
  /** Which list this is: where it becomes another one, it is scrolled to `top`. */
  readonly of?: string
  /** Where it was scrolled to, in CSS pixels, when it was left; 0 if nothing. */
  readonly top?: number | undefined
  readonly onScroll?: (top: number) => void
  /** The row of headings of a grid. */
  readonly head?: ComponentChildren
  readonly class?: string
}

export function Windowed(props: Props) {
  const { id, role, label, count, rowHeight, chosen, head } = props
  const pane = useRef<HTMLDivElement>(null)
  const { top, height } = useScroll(pane, props)
  const { from, to } = sightOf(top, height, rowHeight, count)
  const isDrawn = chosen !== undefined && chosen >= from && chosen < to
  return (
    <div class={`windowed ${props.class ?? ''}`}>
      <div
        ref={pane}
        id={id}
        class="pane"
        role={role}
        aria-label={label}
        aria-rowcount={role === 'grid' ? count + (head ? 1 : 0) : undefined}
        aria-activedescendant={isDrawn ? `${id}-${chosen}` : undefined}
        tabIndex={0}
        onKeyDown={props.onKeyDown}
      >
        {head}
        <div
          class="rows"
          role={role === 'grid' ? 'rowgroup' : 'presentation'}
          style={{ height: `${count * rowHeight}px` }}
        >
          {Array.from({ length: to - from }, (_, at) => (
            <Row key={(from + at) % (to - from)} index={from + at} {...props} />
          ))}
        </div>
      </div>
    </div>
  )
}

function Row({ index, id, role, count, rowHeight, chosen, head, row, rowClass, onChoose }: Props & { index: number }) {
  const place =
    role === 'grid'
      ? { role: 'row' as const, 'aria-rowindex': index + (head ? 2 : 1) }
      : { role: 'option' as const, 'aria-posinset': index + 1, 'aria-setsize': count }
  return (
    <div
      {...place}
      id={`${id}-${index}`}
      class={`row ${rowClass?.(index) ?? ''}`}
      aria-selected={index === chosen}
      style={{ height: `${rowHeight}px`, transform: `translateY(${index * rowHeight}px)` }}
      onClick={(event) => onChoose?.(index, event)}
    >
      {row(index)}
    </div>
  )
}

/** Where the pane is scrolled to and how high it is; scrolls it to what is chosen. */
function useScroll(pane: { readonly current: HTMLDivElement | null }, props: Props) {
  const { chosen, rowHeight, onScroll } = props
  const top = useSignal(props.top ?? 0)
  const height = useSignal(0)
  const told = useRef(onScroll)
  told.current = onScroll
  useLayoutEffect(() => {
    const element = pane.current
    if (!element) return undefined
    const scrolled = (): void => {
      top.value = element.scrollTop
      told.current?.(element.scrollTop)
    }
    const sized = new ResizeObserver(() => (height.value = element.clientHeight))
    height.value = element.clientHeight
    element.addEventListener('scroll', scrolled, { passive: true })
    sized.observe(element)
    return () => {
      element.removeEventListener('scroll', scrolled)
      sized.disconnect()
    }
  }, [])
  useLayoutEffect(() => {
    if (pane.current) pane.current.scrollTop = props.top ?? 0
  }, [props.of])
  useLayoutEffect(() => {
    const element = pane.current
    if (!element || chosen === undefined || chosen < 0) return
    const head = element.firstElementChild?.getAttribute('role') === 'row' ? element.firstElementChild.clientHeight : 0
    element.scrollTop = topFor(chosen, element.scrollTop, element.clientHeight - head, rowHeight)
  }, [chosen, rowHeight])
  return { top: top.value, height: height.value }
}
