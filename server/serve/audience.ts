/** Those who watch the turns: what they are told, and when. */
import type { Clock, Timer } from '../base/clock.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Counters, LiveMessage } from './feed.ts'
import type { Onlooker, TurnEntry } from './journal.ts'
import { type Shown, createTelling, endOf, keptOf } from './shown.ts'

/** Somebody who watches. */
export interface Watcher {
  /** Takes the text of a message. */
  send(message: string): void
  /** How much was sent and is not read yet, in bytes. */
  waitingBytes(): number
}

export interface Audience extends Onlooker {
  /**
   * Tells a watcher of all turns from now on.
   *
   * @returns what ends that; undefined if there are as many watchers as there may be
   */
  watch(watcher: Watcher): (() => void) | undefined
}

export interface AudienceOptions {
  readonly mode: string
  readonly redactor: Redactor
  readonly clock: Clock
}

/** How many turns are remembered that have ended. */
const MAX_ENDED = 500

const MAX_WATCHERS = 8

/** How long changes are gathered for one message, in ms. */
const GATHER_MS = 100

/** How many turns a message tells of: of more the next one does. */
const MAX_TOLD = 200

/** A watcher with more than this to read, in bytes, is told nothing until it has. */
const MAX_WAITING_BYTES = 64 * 1024

/** A turn, and the number of its last change. */
interface Entry extends Shown {
  changed: number
}

/** A watcher, and the last change that it was told of. */
interface Watching {
  readonly watcher: Watcher
  told: number
}

/**
 * Makes room for those who watch. A watcher is told of the turns whose last change it does not know: one that is slow is told less often, and
 * of how things stand then. While nobody watches, a turn costs its place in memory.
 */
export function createAudience({ mode, redactor, clock }: AudienceOptions): Audience {
  const telling = createTelling(redactor, clock)
  const watchers = new Set<Watching>()
  let timer: Timer | undefined
  const memory = createMemory(clock, () => {
    if (watchers.size > 0) timer ??= clock.timer(GATHER_MS, tellAll)
  })

  const message = (type: LiveMessage['type'], entries: readonly Entry[], more: object = {}): string =>
    JSON.stringify({ type, ...more, counters: memory.counters(), turns: entries.map(telling) })

  /** Tells a watcher what it does not know. Says whether it knows all then. */
  const tell = (watching: Watching): boolean => {
    const { watcher, told } = watching
    if (watcher.waitingBytes() > MAX_WAITING_BYTES) return false
    const news = memory
      .turns()
      .filter(({ changed }) => changed > told)
      .toSorted((one, other) => one.changed - other.changed)
    const now = news.slice(0, MAX_TOLD)
    watching.told = now.at(-1)?.changed ?? told
    if (now.length > 0) watcher.send(message('turns', now))
    return now.length === news.length
  }

  const tellAll = (): void => {
    const behind = [...watchers].filter((watching) => !tell(watching))
    timer = behind.length > 0 ? clock.timer(GATHER_MS, tellAll) : undefined
  }

  return {
    begin: memory.begin,
    watch(watcher) {
      if (watchers.size >= MAX_WATCHERS) return undefined
      const watching: Watching = { watcher, told: memory.changes() }
      watchers.add(watching)
      const turns = memory.turns().toSorted((one, other) => one.n - other.n)
      watcher.send(message('hello', turns.slice(-MAX_ENDED), { mode }))
      return () => void watchers.delete(watching)
    },
  }
}

/** The turns that are under way, and the last that have ended. */
interface Memory extends Onlooker {
  /** In no order. */
  turns(): Entry[]
  counters(): Counters
  /** How many changes there were: the number of the last one. */
  changes(): number
}

function createMemory(clock: Clock, changed: () => void): Memory {
  const open = new Set<Entry>()
  /** In a ring: the next one takes the place of the oldest. */
  const ended: Entry[] = []
  const counted = { turns: 0, hits: 0, misses: 0, errors: 0, saved: 0 }
  let closed = 0
  let changes = 0
  const change = (entry: Entry): void => {
    entry.changed = ++changes
    changed()
  }
  return {
    turns: () => [...ended, ...open],
    counters: () => ({ ...counted, open: open.size }),
    changes: () => changes,
    begin({ endpoint, id, unit, call }) {
      const n = ++counted.turns
      const began = clock.now()
      const entry: Entry = {
        n,
        endpoint,
        id,
        unit,
        call,
        began,
        count: 0,
        bytes: 0,
        firstMs: undefined,
        end: undefined,
        changed: 0,
      }
      open.add(entry)
      change(entry)
      return {
        sent(count, bytes) {
          entry.count += count
          entry.bytes += bytes
          entry.firstMs ??= clock.now() - began
          change(entry)
        },
        ended(told) {
          entry.end = endOf(told)
          entry.call = keptOf(call)
          open.delete(entry)
          ended[closed++ % MAX_ENDED] = entry
          countIn(told, counted)
          change(entry)
        },
      }
    },
  }
}

function countIn(
  { code, action }: TurnEntry,
  counted: { hits: number; misses: number; errors: number; saved: number },
): void {
  const kind = action?.kind
  if (kind === 'hit') counted.hits++
  else if (kind === 'miss') counted.misses++
  else if (kind === 'saved' || kind === 'unchanged') counted.saved++
  const isMeant = kind === 'hit' || kind === 'miss' || kind === 'written' || code === 'cancelled'
  if (code !== undefined && !isMeant) counted.errors++
}
