/** What is played now, as signals that are told a few times a second. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { View } from '../../server/serve/page/data.ts'
import type { Manner } from './asking.ts'
import type { Replayed } from './expected.ts'
import type { Facts } from './facts.ts'
import { run } from './run.ts'

/** What is known of a run, and at which pace it is played. */
export interface Playing {
  readonly facts: Facts
  readonly pace: string
  /** How long it has been going on, or took, in ms. */
  readonly elapsed: number
}

/** How long what is shown stands at least, in ms: a long text takes a while to be laid out. */
const BETWEEN_MS = 50

/** How often the time goes on where nothing comes, in ms. */
const TICK_MS = 250

export interface Session {
  /** The run that is played, or was last. */
  readonly playing: ReadonlySignal<Playing | undefined>
  /** Whether it is played, or the rules are not all known yet. */
  readonly isBusy: ReadonlySignal<boolean>
  play(replay: Replayed, manner: Manner, usualFault: string | undefined): void
  stop(): void
}

function createSession(view: View): Session {
  const playing = signal<Playing | undefined>(undefined)
  const isBusy = signal(false)
  let current: AbortController | undefined
  return {
    playing,
    isBusy,
    play(replay, manner, usualFault) {
      if (current) return
      const abort = new AbortController()
      current = abort
      let latest: Facts | undefined
      let [frame, shown] = [0, 0]
      const show = (): void => {
        frame = 0
        if (!latest) return
        shown = performance.now()
        const { heard } = latest
        playing.value = { facts: latest, pace: manner.pace, elapsed: heard.end?.at ?? performance.now() - heard.sent }
      }
      const showSoon = (): void => {
        frame = performance.now() - shown < BETWEEN_MS ? requestAnimationFrame(showSoon) : requestAnimationFrame(show)
      }
      const told = (facts: Facts): void => {
        latest = facts
        if (frame === 0) showSoon()
      }
      const tick = setInterval(() => frame === 0 && showSoon(), TICK_MS)
      isBusy.value = true
      const { signal: stopped } = abort
      void run({ view, replay, manner, usualFault, signal: stopped, told }).finally(() => {
        clearInterval(tick)
        cancelAnimationFrame(frame)
        show()
        isBusy.value = false
        current = undefined
      })
    },
    stop: () => current?.abort(),
  }
}

/** A session of a view; what is played ends with it. */
export function useSession(view: View): Session {
  const session = useMemo(() => createSession(view), [view])
  useEffect(() => session.stop, [session])
  return session
}
