/** Not there yet. */
import { DeltatapeError } from '../../base/errors.ts'
import type { OpenDriver } from '../driver.ts'

export const openPostgres: OpenDriver = () => {
  throw new DeltatapeError('config_invalid', 'This engine is not there yet.')
}
