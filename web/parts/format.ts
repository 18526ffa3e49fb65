/** Numbers, times and sizes in words. Pure. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** What stands where nothing is known. */
export const NONE = '–'

/** `12,345`. */
export const number = (value: number | undefined): string => (value === undefined ? NONE : grouped.format(value))

/** `1 event`, `1,234 events`. */
export const counted = (value: number, thing: string, things = `${thing}s`): string =>
  `${number(value)} ${value === 1 ? thing : things}`

/** Milliseconds as people say them: `308 ms`, `15.74 s`, `2 min 5 s`, `1 h 2 min`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return NONE
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** `812 B`, `4.1 kB`, `1.2 MB`. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return NONE
  if (value < 1000) return `${value} B`
  if (value < 999_950) return `${(value / 1000).toFixed(1)} kB`
  return `${(value / 1_000_000).toFixed(1)} MB`
}

/** From when on a time is told in which unit, in seconds. */
const UNITS = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** How long ago a time in ISO 8601 was: `3 days ago`, `just now`. */
export function age(iso: string | undefined, now: number): string {
  const seconds = iso === undefined ? NaN : (now - Date.parse(iso)) / 1000
  if (Number.isNaN(seconds)) return NONE
  const [unit, length] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? []
  return unit === undefined ? 'just now' : relative.format(-Math.trunc(seconds / length), unit)
}

/** A time in ISO 8601 as it was on this machine's clock, to the second. */
export function moment(iso: string | undefined): string {
  const at = iso === undefined ? NaN : Date.parse(iso)
  return Number.isNaN(at) ? NONE : exact.format(at)
}
