/** Data that is asked for, as a signal: not there yet, there, or refused. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'there'; readonly data: T }
  | { readonly state: 'refused'; readonly error: Error }

/** How often it was said that what was refused is to be asked for again. */
export const attempts = signal(0)

/** Asks once more for all that was refused. */
export const askAgain = (): void => void (attempts.value += 1)

/** What was thrown, as an error. */
export const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

/** Asks when it is first shown, and again if `key` changes. What comes for an earlier key is thrown away. */
export function useLoaded<T>(key: string, ask: () => Promise<T>): ReadonlySignal<Loaded<T>> {
  const loaded = useMemo(() => signal<Loaded<T>>({ state: 'loading' }), [key])
  useEffect(() => {
    if (loaded.value.state === 'there') return
    loaded.value = { state: 'loading' }
    ask().then(
      (data) => (loaded.value = { state: 'there', data }),
      (error: unknown) => (loaded.value = { state: 'refused', error: errorOf(error) }),
    )
  }, [key, attempts.value])
  return loaded
}
