/** What keys do. Views say which keys they take and what for; `?` shows all that are in force. */
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { keyOf } from '../parts/key.ts'
import { keep, kept } from './kept.ts'

/** By key, as {@link keyOf} names it: what it does in words, and how. Keys with the same words are told together. */
export type Keys = Readonly<Record<string, readonly [says: string, act: (event: KeyboardEvent) => void]>>

export interface KeyRing {
  /** Where the keys act: `In the list`. */
  readonly where: string
  readonly keys: Keys
}

/** Whether the dialog is shown that tells the keys. */
export const isTelling = signal(false)

/** The keys in force, those of the view last. */
export const rings = signal<readonly KeyRing[]>([
  { where: 'Everywhere', keys: { '?': ['These keys', () => (isTelling.value = true)] } },
])

const KEPT = 'deltatape.letters'

/** Whether single characters act. Who speaks to the machine may want them off (WCAG 2.1.4). */
export const letters = signal(kept('localStorage', KEPT) !== 'off')

export function setLetters(on: boolean): void {
  letters.value = on
  keep('localStorage', KEPT, on ? 'on' : 'off')
}

/** Takes keys for as long as the view is shown. The object may be made anew each time. */
export function useKeys(where: string, keys: Keys): void {
  const now = useRef(keys)
  now.current = keys
  useEffect(() => {
    const ring: KeyRing = {
      where,
      get keys() {
        return now.current
      },
    }
    rings.value = [...rings.value, ring]
    return () => void (rings.value = rings.value.filter((each) => each !== ring))
  }, [where])
}

/**
 * What is written in takes all keys; what is pressed takes those that press it, what scrolls those that scroll it; a dialog takes
 * all that is not its own.
 */
const WRITTEN_IN = 'input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]'
const PRESSED = 'button, a[href], summary, label, input, [role=switch]'

/** Whether a key acts where it was pressed. */
function actsOn(key: string, { target, isComposing }: KeyboardEvent): boolean {
  if (isComposing || (!letters.value && key.length === 1)) return false
  if (!(target instanceof Element)) return true
  if (target.closest(WRITTEN_IN) || target.closest('dialog[open]')) return false
  const pane = ['Space', 'PageUp', 'PageDown', 'Home', 'End'].includes(key) && target.closest('.scrolls')
  if (pane && pane.scrollHeight > pane.clientHeight) return false
  return !(['Space', 'Enter'].includes(key) && target.closest(PRESSED))
}

addEventListener('keydown', (event) => {
  const key = keyOf(event)
  if (event.defaultPrevented || !actsOn(key, event)) return
  const found = rings.value.findLast(({ keys }) => Object.hasOwn(keys, key))
  if (found === undefined) return
  event.preventDefault()
  found.keys[key]?.[1](event)
})
