/** The title of the document, by view. Pure. */
import { marked } from '../parts/shown.ts'

const VIEWS: Readonly<Record<string, string>> = { compare: 'Compare', live: 'Live' }

/** `Live · deltatape`; of a fixture, its name comes first. */
export function titleOf([view = 'fixtures', ...names]: readonly string[]): string {
  const [first, second] = names.map(marked)
  const name = first === undefined ? undefined : second === undefined ? first : `${first} and ${second}`
  const words = view === 'fixtures' ? (name ?? 'Fixtures') : [VIEWS[view], name].filter(Boolean).join(' ')
  return words === '' ? 'deltatape' : `${words} · deltatape`
}
