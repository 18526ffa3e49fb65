/** Fixtures that are played: read once while they stay as they are. */
import { DamageError } from '../../fixture/damage.ts'
import { type Look, orDamage, orThrow, readCurrent } from './current.ts'
import { besideVersion } from './beside.ts'
import type { Driver, Found } from '../driver.ts'
import { createMemory } from './memory.ts'
import { loadPlayback } from './load.ts'
import { type Playback, tallyOf } from './playback.ts'

/** How much is kept of what is known of large fixtures, and of damaged ones. In bytes. */
const LARGE_BYTES = 2 * 1024 * 1024

/** What was read of a fixture, and the version that it was read of. */
interface Kept {
  readonly version: string
  readonly value: Playback | DamageError
  /** The version of what stands beside it; undefined if nothing has to. What is damaged may be mended there. */
  readonly beside: string | undefined
}

/** Makes what reads fixtures to be played, and keeps so many bytes of them. */
export function createPlaybacks(driver: Driver, memoryBytes: number): Look<Playback> {
  const small = createMemory<Kept>(memoryBytes)
  const large = createMemory<Kept>(LARGE_BYTES)
  /** What is being read, by name and version: many may ask for it before it is there. */
  const reading = new Map<string, Promise<Kept['value'] | undefined>>()

  const readNow = async (found: Found): Promise<Kept['value'] | undefined> => {
    const { name } = found
    const loaded = await orDamage(() => readCurrent(driver, name, (each) => loadPlayback(driver, each), { found }))
    if (loaded === undefined) return undefined
    if (loaded instanceof DamageError) {
      const beside = (await besideVersion(driver, name)).version
      large.set(name, { version: found.version, value: loaded, beside }, tallyOf(loaded))
      small.delete(name)
      return loaded
    }
    const { version, value, beside, isSmall } = loaded
    const [to, other] = isSmall ? [small, large] : [large, small]
    to.set(name, { version, value, beside }, tallyOf(value))
    other.delete(name)
    return value
  }

  const readAnew = async (name: string, known: Kept | undefined, first: ReturnType<Driver['get']>) => {
    let got = await first
    if (known && got === 'same') {
      if (known.beside === undefined || (await besideVersion(driver, name)).version === known.beside)
        return orThrow(known.value)
      got = await driver.get(name)
    }
    if (got === undefined || got === 'same') return undefined
    const which = `${name}\n${got.version}`
    const under = reading.get(which) ?? readNow(got).finally(() => void reading.delete(which))
    reading.set(which, under)
    const value = await under
    return value && orThrow(value)
  }

  return (name) => {
    const known = small.get(name) ?? large.get(name)
    const got = driver.get(name, { known: known?.version })
    // Most are in memory, and a directory says at once that they are as they were.
    return known && got === 'same' && known.beside === undefined ? orThrow(known.value) : readAnew(name, known, got)
  }
}
