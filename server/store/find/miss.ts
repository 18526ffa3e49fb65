/** What a call without a fixture is told: the nearest one, found in bounded work. */
import { type Clock, nextTurn } from '../../base/clock.ts'
import { MissError } from '../../base/errors.ts'
import { passDamage } from '../../fixture/damage.ts'
import { type Identity, fileName } from '../../fixture/key.ts'
import { explainMiss, shownName } from '../../fixture/nearest.ts'
import { searchFor } from '../../fixture/sketch.ts'
import type { Places } from '../../fixture/places.ts'
import type { Redactor } from '../../redact/redactor.ts'
import type { Driver } from '../driver.ts'
import { readEach } from '../read/each.ts'
import type { Finder } from './finder.ts'
import { neighboursIn, neighboursOn } from './neighbours.ts'

interface Parts {
  readonly driver: Driver
  readonly finder: Finder
  readonly redactor: Redactor
  readonly clock: Clock
  /** The directories of this machine. */
  readonly here: Places | undefined
  readonly howToRecord: string | undefined
  /** The flags with which another command finds the same fixtures. */
  readonly flags: readonly string[]
}

/**
 * Explains why there is no fixture for a call.
 *
 * @throws DeltatapeError `fixture_invalid` where the fixtures cannot be looked at
 */
export async function missOf(identity: Identity, parts: Parts): Promise<MissError> {
  const { driver, finder, redactor, clock, here, howToRecord, flags } = parts
  const wanted = fileName(identity)
  const { names, isAll } = await (driver.dir === undefined
    ? neighboursOn(driver, wanted)
    : neighboursIn(await finder.look(), wanted))
  // All that share one look begin at the same moment: one after another.
  await nextTurn()
  const { read, damaged } = await readEach(names, finder.sketch, clock)
  const search = searchFor(identity)
  for (const sketch of read) {
    if (sketch.key === identity.key) {
      const told = `${shownName(sketch.name, redactor)} is the fixture for this request, and its name says otherwise. Rename it to ${wanted}.`
      return new MissError(told, wanted)
    }
    search.take(sketch)
  }
  await nextTurn()
  const nearest = search.nearest && (await finder.header(search.nearest.name).catch(passDamage))
  await nextTurn()
  const placed = { place: driver.place, isFolder: driver.dir !== undefined }
  const found = { nearest, damaged, compared: read.length, isAll, here, howToRecord, flags, ...placed }
  return new MissError(explainMiss(identity, found, redactor), wanted)
}
