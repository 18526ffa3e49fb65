/** What a call without a fixture is told: the nearest one, found in bounded work. */
import { type Clock, nextTurn } from '../base/clock.ts'
import { MissError } from '../base/errors.ts'
import { type Identity, fileName } from '../fixture/key.ts'
import { explainMiss, shownName } from '../fixture/nearest.ts'
import { searchFor } from '../fixture/sketch.ts'
import type { Places } from '../fixture/places.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Finder } from './finder.ts'
import { passDamage } from './locator.ts'
import { createPieces } from './pieces.ts'

/** How many fixtures are compared with one call: the first by name. */
const MAX_COMPARED = 50_000

/** How many are compared between two looks at the clock. */
const COMPARED_AT_ONCE = 50

interface Parts {
  readonly finder: Finder
  readonly redactor: Redactor
  readonly clock: Clock
  /** The directories of this machine. */
  readonly here: Places | undefined
  readonly howToRecord: string | undefined
}

/**
 * Explains why there is no fixture for a call.
 *
 * @throws DeltatapeError `fixture_invalid` where the fixtures cannot be looked at
 */
export async function missOf(
  identity: Identity,
  { finder, redactor, clock, here, howToRecord }: Parts,
): Promise<MissError> {
  const wanted = fileName(identity)
  const { sketches, damaged } = await finder.overview()
  // All that share one look begin at the same moment: one after another.
  await nextTurn()
  const search = searchFor(identity)
  const pause = createPieces(clock)
  for (const [index, sketch] of sketches.entries()) {
    if (sketch.key === identity.key) {
      const told = `${shownName(sketch.name, redactor)} is the fixture for this request, and its name says otherwise. Rename it to ${wanted}.`
      return new MissError(told, wanted)
    }
    if (index < MAX_COMPARED) search.take(sketch)
    if (index % COMPARED_AT_ONCE === 0) await pause()
  }
  const nearest = search.nearest && (await finder.header(search.nearest.name).catch(passDamage))
  await nextTurn()
  const compared = Math.min(MAX_COMPARED, sketches.length)
  const found = { nearest, damaged, compared, count: sketches.length, here, howToRecord }
  return new MissError(explainMiss(identity, found, redactor), wanted)
}
