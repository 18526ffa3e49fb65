/** The turns that are known, the newest first, and which of them are shown. Pure. */
import type { LiveTurn } from '../../server/serve/feed.ts'
import { outcomeOf } from './outcome.ts'

/** A turn, and when it was told of, in ms on this page's clock: one that is under way goes on since then. */
export interface Seen extends LiveTurn {
  readonly seen: number
}

/** How many turns the page keeps. */
const MAX_TURNS = 2000

/** The turns with what is new of them. A turn that is known takes the place that it had. */
export function withNews(turns: readonly Seen[], news: readonly LiveTurn[], now: number): readonly Seen[] {
  const fresh = new Map(news.map((turn) => [turn.n, { ...turn, seen: now }]))
  const known = turns.map((turn) => {
    const next = fresh.get(turn.n)
    if (next === undefined) return turn
    fresh.delete(turn.n)
    return next
  })
  if (fresh.size === 0) return known
  return [...fresh.values(), ...known].toSorted((one, other) => other.n - one.n).slice(0, MAX_TURNS)
}

/** The turns that hold all of some words, in whatever case: endpoint, question, model, API, fixture, outcome, code. */
export function matching(turns: readonly Seen[], text: string): readonly Seen[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return words.length === 0 ? turns : turns.filter((turn) => words.every((word) => textOf(turn).includes(word)))
}

/** Turns do not change: what is searched of each is made once. */
const texts = new WeakMap<Seen, string>()

function textOf(turn: Seen): string {
  const known = texts.get(turn)
  if (known !== undefined) return known
  const { endpoint, asked, model, api, host, fixture, code, id } = turn
  const text = [endpoint, asked, model, api, host, fixture, code, id, outcomeOf(turn).word].join('\n').toLowerCase()
  texts.set(turn, text)
  return text
}

/**
 * The turns that are shown while somebody looks at the list, and how many came since.
 *
 * @param until the number of the newest turn that is shown; undefined shows all
 */
export function heldAt(
  turns: readonly Seen[],
  until: number | undefined,
): { readonly shown: readonly Seen[]; readonly newer: number } {
  if (until === undefined) return { shown: turns, newer: 0 }
  const newer = turns.findIndex(({ n }) => n <= until)
  return newer === -1 ? { shown: [], newer: turns.length } : { shown: turns.slice(newer), newer }
}

/** How long a turn has taken by now, in ms. */
export const tookBy = ({ open, ms, seen }: Seen, now: number): number => (open ? ms + Math.max(0, now - seen) : ms)

/** The name of the client and the path it spoke to: `/@checkout/v1/responses`. */
export function partsOf(endpoint: string): { readonly name: string | undefined; readonly path: string } {
  const found = /^\/@([^/]+)(\/.*)?$/.exec(endpoint)
  return found ? { name: found[1], path: found[2] ?? '/' } : { name: undefined, path: endpoint }
}
