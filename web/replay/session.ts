/** What is played now, as signals that are told at most once a frame of the screen. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { View } from '../../server/serve/page/data.ts'
import type { Manner } from './asking.ts'
import type { Replayed } from './expected.ts'
import type { Facts } from './facts.ts'
import { run } from './run.ts'
import { summaryOf } from './said.ts'

/** What is known of a run, and at which pace it is played. */
export interface Playing {
  readonly facts: Facts
  readonly pace: string
}

export interface Session {
  /** The run that is played, or was last. */
  readonly playing: ReadonlySignal<Playing | undefined>
  /** `playing` until the answer is over, then `checking` until all rules are known. */
  readonly phase: ReadonlySignal<'idle' | 'playing' | 'checking'>
  /** What is said to those who do not see it: at the start, and at the end. */
  readonly said: ReadonlySignal<string>
  play(replay: Replayed, manner: Manner, usualFault: string | undefined): void
  stop(): void
}

function createSession(view: View): Session {
  const playing = signal<Playing | undefined>(undefined)
  const phase = signal<'idle' | 'playing' | 'checking'>('idle')
  const said = signal('')
  let current: AbortController | undefined
  return {
    playing,
    phase,
    said,
    play(replay, manner, usualFault) {
      if (current) return
      const abort = new AbortController()
      current = abort
      let latest: Facts | undefined
      let frame = 0
      const show = (): void => {
        frame = 0
        if (!latest) return
        playing.value = { facts: { ...latest }, pace: manner.pace }
        if (latest.heard.end && phase.value === 'playing') {
          phase.value = 'checking'
          said.value = summaryOf(latest)
        }
      }
      const told = (facts: Facts): void => {
        latest = facts
        frame ||= requestAnimationFrame(show)
      }
      phase.value = 'playing'
      said.value = 'The replay began.'
      const { signal: stopped } = abort
      void run({ view, replay, manner, usualFault, signal: stopped, told }).finally(() => {
        cancelAnimationFrame(frame)
        show()
        phase.value = 'idle'
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
