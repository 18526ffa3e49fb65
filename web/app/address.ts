/** What the address says: which view, and what is chosen in it. All of it stands behind the `#`, so that it survives anywhere. */
import { signal } from '@preact/signals'
import { takeToken } from './token.ts'

/** An address of this page: `#/fixtures/<name>?e=812`. */
export interface Address {
  /** The parts of the path, decoded: `['fixtures', 'my-name.jsonl']`. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

/** Reads what stands behind the `#`. What cannot be decoded stays as it is. */
function parseAddress(hash: string): Address {
  const [, path = '', query = ''] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? []
  return { path: path === '' ? [] : path.split('/').map(decoded), query: new URLSearchParams(query) }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The text of an address, to be a link: `#/fixtures/a.jsonl?e=3`. Values that are empty or undefined are left out. */
export function addressOf(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const set = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const search = new URLSearchParams(set).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`
}

/** Reads where one is, without the token that a link may have brought. */
function here(): Address {
  takeToken()
  return parseAddress(location.hash)
}

/** The address now. */
export const address = signal(here())

addEventListener('hashchange', () => (address.value = here()))

/** Goes to another view: the one before can be gone back to. */
export const goTo = (to: string): void => void (location.hash = to)

/** Notes what is chosen in this view, in place of what was: nothing is added to the history. Undefined takes a member away. */
export function note(chosen: Readonly<Record<string, string | undefined>>): void {
  const { path, query } = parseAddress(location.hash)
  const all = { ...Object.fromEntries(query), ...chosen }
  const next = addressOf(path, all)
  if (next === location.hash) return
  history.replaceState(history.state, '', next)
  address.value = parseAddress(next)
}
