/** The width of an element, as it is now. */
import type { Signal } from '@preact/signals'
import { useLayoutEffect } from 'preact/hooks'

/** Keeps a signal at the width of an element. */
export function useWidth(element: { readonly current: HTMLElement | null }, width: Signal<number>): void {
  useLayoutEffect(() => {
    const box = element.current
    if (!box) return undefined
    width.value = box.clientWidth
    const sized = new ResizeObserver(() => (width.value = box.clientWidth))
    sized.observe(box)
    return () => sized.disconnect()
  }, [])
}
