/** What is known of the answers in a directory: nobody keeps an index there, so that first lines are read. */
import type { Clock } from '../../base/clock.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { DamageError, isDamage } from '../../fixture/damage.ts'
import type { Sketch } from '../../fixture/sketch.ts'
import type { Answers } from './answers.ts'
import type { Driver } from '../driver.ts'
import type { Finder } from '../find/finder.ts'
import { createMarks } from './marks.ts'

interface Parts {
  readonly driver: Driver
  readonly finder: Finder
  readonly clock: Clock
}

export function createSurveyed({ driver, finder, clock }: Parts): Answers {
  const { shelf } = finder
  const holder = async (key: string, answerId: string): Promise<Sketch | undefined> => {
    for (let sketch = shelf.answering(key, answerId); sketch; sketch = shelf.answering(key, answerId))
      if (await isStill(finder, sketch)) return sketch
    return undefined
  }
  return {
    async holding(answerId, most) {
      const held: Sketch[] = []
      for (const key of shelf.keysWith(answerId, most)) {
        const sketch = await holder(key, answerId)
        if (sketch) held.push(sketch)
      }
      return held
    },
    async newest(answerId) {
      for (let newest = shelf.newestWith(answerId); newest; newest = shelf.newestWith(answerId))
        if (await isStill(finder, newest)) return newest
      return undefined
    },
    holder,
    async continuedBy(turn) {
      const keys: string[] = []
      for (const child of Array.from(shelf.turns(turn)))
        if (child.continues && (await isStill(finder, child))) keys.push(child.continues.key)
      return keys
    },
    look: (answerId) =>
      (shelf.newestWith(answerId) ? finder.catchUp() : finder.overview()).then(({ unknown }) => unknown, orUnread),
    saving: async () => {},
    removed: async () => {},
    marks: createMarks(driver, clock),
    async models() {
      const { sketches } = await finder.overview()
      return [...new Set(sketches.flatMap(({ model }) => model ?? []))]
    },
  }
}

/**
 * Whether a fixture is as it was: another process may have changed its file, or taken it away, and then it is known no
 * more. One that cannot be read now is there.
 */
async function isStill(finder: Finder, sketch: Sketch): Promise<boolean> {
  try {
    const now = await finder.sketch(sketch.name)
    return now?.key === sketch.key && now.responseId === sketch.responseId
  } catch (error) {
    if (!isDamage(error)) throw error
    return !(error instanceof DamageError)
  }
}

function orUnread(error: unknown): DeltatapeError {
  if (isDamage(error)) return error
  throw error
}
