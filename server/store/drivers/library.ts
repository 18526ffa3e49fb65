/** The libraries of engines. Each is installed only by those who use its engine, and loaded only when it is needed. */
import { installing, marked } from '../../base/command-line.ts'
import { isError, systemCode } from '../../base/errors.ts'
import { StoreError } from '../driver.ts'

/**
 * Loads the library of an engine.
 *
 * @param place what the engine is called to people, without a password
 * @param load imports it. The name stands in the `import()` itself, so that whoever bundles an application sees it
 * @throws StoreError `store_refused`, with what has to be installed
 */
export async function loadLibrary<T>(name: string, place: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const said = isError(cause) ? cause.message : String(cause)
    // A package that it needs itself may be what is missing: that is another message.
    const missing = systemCode(cause) === 'ERR_MODULE_NOT_FOUND' && said.includes(`'${name}'`)
    const why = missing ? 'which is not installed' : `which cannot be loaded: ${said.split('\n')[0]}`
    throw new StoreError(
      'store_refused',
      `${place} needs the package ${name}, ${why}. Install it where deltatape is installed: ${marked(installing(name))}.`,
      { cause },
    )
  }
}
