/** Objects that have to be there, and their texts. */
import { DamageError } from '../../fixture/damage.ts'
import { type Driver, type Found, foundAt, wholeOf } from '../driver.ts'
import { UnreadableError } from '../unreadable.ts'

/** The longest object that is read into one text, in bytes. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024

/** What was found. Throws `fixture_invalid` where nothing was. */
export function there<T extends object>(found: T | undefined, name: string): T {
  if (found === undefined) throw new UnreadableError(name, because('ENOENT'))
  return found
}

/** The object with a name. Throws as {@link there} does. */
export async function objectAt(driver: Driver, name: string, shown = name): Promise<Found> {
  return there(await foundAt(driver, name), shown)
}

/**
 * The text of an object. Throws as {@link there} does, too.
 *
 * @param shown what it is called in messages
 * @throws DamageError where it is larger than 256 MiB
 */
export async function readText(driver: Driver, name: string, shown = name): Promise<string> {
  const found = await objectAt(driver, name, shown)
  if (found.bytes > MAX_TEXT_BYTES)
    throw new DamageError(shown, 1, `it has more than ${MAX_TEXT_BYTES} bytes`, undefined, { cause: because('EFBIG') })
  return (await wholeOf(found)).toString('utf8')
}

/** The reason as the system would say it, for those who tell of files by that. */
const because = (code: string): Error => Object.assign(new Error(code), { code })
