/** Opens the place that a configuration names, with all that stands in front of it. */
import type { Clock } from '../base/clock.ts'
import { DeltatapeError } from '../base/errors.ts'
import { cached } from './layers/cached.ts'
import { type Copies, createCopies } from './layers/copies.ts'
import type { Driver, Watch } from './driver.ts'
import { openDirectory } from './drivers/directory.ts'
import { driverFor } from './drivers/index.ts'
import { fresh } from './layers/fresh.ts'
import { metered } from './layers/metered.ts'
import { flawsOf, isAddress } from './place.ts'
import { openNotes } from './layers/notes.ts'

/** What has to be known; a configuration holds all of it. */
export interface DriverSettings {
  readonly fixturesDir: string
  readonly fixturesCache?: string | undefined
  readonly fixturesFreshMs?: number
  readonly fixturesTimeoutMs?: number
  readonly mode?: string
  /** Whether a directory that is not there is as good as an empty one: nobody has recorded yet. */
  readonly mayBeMissing?: boolean
  readonly howToRecord?: string | undefined
}

export interface Surroundings {
  readonly clock: Clock
  /** Hears of what is done in the place itself. */
  readonly watch?: Watch | undefined
  /** Tells people what goes on although something is wrong. */
  readonly warn?: ((text: string) => void) | undefined
  /** Something was answered by the directory of FIXTURES_CACHE while the engine was away. */
  readonly onStale?: (() => void) | undefined
}

const TIMEOUT_MS = 10_000

/** @throws DeltatapeError `config_invalid` */
export function openDriver(settings: DriverSettings, surroundings: Surroundings): Driver {
  const { fixturesDir: place, mode, fixturesFreshMs = 0 } = settings
  const { clock } = surroundings
  const driver = openPlace(settings, surroundings)
  if (!isAddress(place)) return driver
  // Who records asks each time: what another machine has saved is not asked for again.
  return fresh(withCache(driver, settings, surroundings), { forMs: mode === 'replay' ? fixturesFreshMs : 0, clock })
}

/** The engine or the directory itself. */
function openPlace(settings: DriverSettings, { clock, watch }: Surroundings): Driver {
  const { fixturesDir: place, fixturesCache, fixturesTimeoutMs: timeoutMs = TIMEOUT_MS } = settings
  const { mayBeMissing, howToRecord } = settings
  const open = driverFor(place)
  const flaws = flawsOf(place, fixturesCache)
  if (!open || flaws.length > 0) throw new DeltatapeError('config_invalid', flaws.join('\n'))
  const driver = open({ place, clock, timeoutMs, mayBeMissing, howToRecord })
  return watch ? metered(driver, watch, clock) : driver
}

function withCache(
  engine: Driver,
  settings: DriverSettings,
  { clock, warn = () => {}, onStale }: Surroundings,
): Driver {
  const { fixturesCache: dir } = settings
  if (dir === undefined) return engine
  return cached(engine, copiesIn(dir, engine, clock), { clock, dir, warn, onStale })
}

/** What a directory holds of an engine. */
export function copiesIn(dir: string, { place }: Pick<Driver, 'place'>, clock: Clock): Copies {
  const directory = openDirectory({ place: dir, clock, timeoutMs: TIMEOUT_MS, mayBeMissing: true })
  return createCopies(directory, () => openNotes({ dir, directory, place, clock }))
}
