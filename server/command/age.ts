/** How old something is, as people write it: `30d`, `12w`, `36h`, `90m`. */
import { DeltatapeError } from '../base/errors.ts'

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/**
 * An age in ms.
 *
 * @throws DeltatapeError `config_invalid`
 */
export function parseAge(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text.trim()) ?? []
  const ms = UNITS[unit]
  if (amount === undefined || ms === undefined) {
    throw new DeltatapeError(
      'config_invalid',
      `An age must be a number of weeks, days, hours or minutes, such as 12w, 30d, 36h or 90m (got ${JSON.stringify(text)}).`,
    )
  }
  return Number(amount) * ms
}
