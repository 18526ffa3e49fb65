/** Reads what others may write or damage: as it is now, and once more if it is written anew just then. */
import { nextTurn } from '../../base/clock.ts'
import { DamageError } from '../../fixture/damage.ts'
import { type Driver, type Found, StoreError, foundAt } from '../driver.ts'

/** Reads something of the fixture with a name; gives undefined if there is none. */
export type Read<T> = (name: string) => Promise<T | undefined>

/** The same, which is there at once if nothing has to be waited for. */
export type Look<T> = (name: string) => Promise<T | undefined> | T | undefined

/** How often something is read again that is written anew just then. */
const MAX_TRIES = 4

/** What is at hand of the object that is read. */
interface Reading {
  /** It, as it was found just now: it is not looked up first. */
  readonly found?: Found | undefined
  /** Only so many bytes from its beginning are asked for. */
  readonly first?: number | undefined
}

/** Reads something of an object as it is now, and once more if it is written anew just then. */
export async function readCurrent<T>(
  driver: Driver,
  name: string,
  read: (found: Found) => Promise<T>,
  { found: given, first }: Reading = {},
): Promise<T | undefined> {
  for (let tries = 1, found = given; ; tries++, found = undefined) {
    const now = found ?? (await foundAt(driver, name, first))
    if (!now) return undefined
    try {
      return await read(now)
    } catch (error) {
      if (tries >= MAX_TRIES || !(await isChanged(driver, now, error))) throw error
      await nextTurn()
    }
  }
}

/** Whether something could not be read because it was written anew: what stands beside it may have gone before it was read. */
async function isChanged(driver: Driver, { name, version }: Found, error: unknown): Promise<boolean> {
  if (error instanceof StoreError) return error.code === 'store_changed'
  return error instanceof DamageError && (await driver.get(name, { known: version, first: 1 })) !== 'same'
}

/** Damage is remembered like anything else that was read; what cannot be read now is tried again. */
export async function orDamage<T>(read: () => Promise<T>): Promise<T | DamageError> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DamageError) return error
    throw error
  }
}

/** What was read, or its damage as the error that it is. */
export function orThrow<T>(read: T | DamageError): T {
  if (read instanceof DamageError) throw read
  return read
}
