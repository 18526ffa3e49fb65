/** Whether this is a checkout, which has the sources, or a package, which has what was built of them. */
import { existsSync } from 'node:fs'

export const isCheckout = existsSync(new URL('../server', import.meta.url))
