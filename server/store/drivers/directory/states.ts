/** The states of files, as they were seen in this turn of the event loop: all that came with it may share them. */
import type { Clock } from '../../../base/clock.ts'
import { type FileState, isThere, pathOf, stateOf, unreadable } from './files.ts'

export interface States {
  /**
   * Undefined where there is no file.
   *
   * @throws UnreadableError where there is something that cannot be looked at, or the directory is away
   * @throws DamageError where it is no file
   */
  of(name: string): FileState | undefined
  /** What was seen does not hold any more. */
  forget(): void
}

interface Options {
  readonly clock: Pick<Clock, 'soon'>
  /** Whether the directory may not be there: then there is no file in it. */
  readonly mayBeMissing: boolean
}

export function createStates(dir: string, { clock, mayBeMissing }: Options): States {
  const states = new Map<string, FileState | undefined>()
  const forget = () => states.clear()
  const look = (name: string) => {
    const state = stateOf(pathOf(dir, name), name)
    if (state === undefined && !mayBeMissing && !isThere(dir))
      unreadable(`The fixtures directory ${JSON.stringify(dir)}`)(Object.assign(new Error(), { code: 'ENOENT' }))
    return state
  }
  return {
    of(name) {
      if (states.has(name)) return states.get(name)
      if (states.size === 0) clock.soon(forget)
      const state = look(name)
      states.set(name, state)
      return state
    },
    forget,
  }
}
