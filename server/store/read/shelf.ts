/** What is known of the fixtures: a sketch of each file, or that it is damaged, and where to look for what they hold. */
import { LRUCache } from 'lru-cache'
import type { DamageError } from '../../fixture/damage.ts'
import { type Sketch, sizeOf } from '../../fixture/sketch.ts'

/** How much is kept, in bytes: sketches of about a hundred thousand fixtures. */
const KEPT_BYTES = 128 * 1024 * 1024

const DAMAGE_BYTES = 2000

/** What was read of a file, and the state of the file that it was read from. */
interface Known {
  readonly version: string
  readonly read: Sketch | DamageError
}

export interface Shelf {
  get(name: string): Known | undefined
  set(name: string, known: Known): void
  /** The file is not there any more. */
  delete(name: string): void
  /** The names of the files that hold the fixture with a key. */
  namesOf(key: string): Iterable<string>
  /** The fixtures that ask this, whatever they continue. */
  turns(turn: string): Iterable<Sketch>
  /** The last recorded of the fixtures whose answer has this id; undefined if there is none. */
  newestWith(responseId: string): Sketch | undefined
  /** So many keys, at most, of fixtures whose answer has this id. */
  keysWith(responseId: string, most: number): ReadonlySet<string>
  /** Whether one of the fixtures with a key holds the answer with this id: the one that does. */
  answering(key: string, responseId: string): Sketch | undefined
}

export function createShelf(): Shelf {
  const byKey = createIndex()
  const byTurn = createIndex()
  const byAnswer = createIndex()
  const file = (act: 'add' | 'remove', { read }: Known) => {
    if (read instanceof Error) return
    byKey[act](read.key, read)
    if (read.continues) byTurn[act](read.continues.turn, read)
    if (read.responseId !== undefined) byAnswer[act](read.responseId, read)
  }
  const known = new LRUCache<string, Known>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ read }) => (read instanceof Error ? DAMAGE_BYTES : sizeOf(read)),
    dispose: (value) => file('remove', value),
  })
  return {
    get: (name) => known.get(name),
    set(name, value) {
      known.set(name, value)
      if (known.peek(name) === value) file('add', value)
    },
    delete: (name) => void known.delete(name),
    *namesOf(key) {
      for (const { name } of byKey.all(key)) yield name
    },
    turns: byTurn.all,
    newestWith: byAnswer.newest,
    keysWith(responseId, most) {
      const keys = new Set<string>()
      for (const { key } of byAnswer.all(responseId)) if (keys.add(key).size >= most) break
      return keys
    },
    answering(key, responseId) {
      for (const sketch of byKey.all(key)) if (sketch.responseId === responseId) return sketch
      return undefined
    },
  }
}

/** Sketches by something that they say, and the last recorded of each: asking costs the same however many say it. */
function createIndex() {
  const entries = new Map<string, { readonly all: Set<Sketch>; newest: Sketch | undefined }>()
  return {
    add(id: string, sketch: Sketch): void {
      const entry = entries.get(id)
      if (!entry) return void entries.set(id, { all: new Set([sketch]), newest: sketch })
      entry.all.add(sketch)
      // If the last one was taken away, the next question looks for it.
      if (entry.newest && isNewer(sketch, entry.newest)) entry.newest = sketch
    },
    remove(id: string, sketch: Sketch): void {
      const entry = entries.get(id)
      entry?.all.delete(sketch)
      if (entry?.all.size === 0) entries.delete(id)
      else if (entry?.newest === sketch) entry.newest = undefined
    },
    all: (id: string): Iterable<Sketch> => entries.get(id)?.all ?? [],
    newest(id: string): Sketch | undefined {
      const entry = entries.get(id)
      if (!entry) return undefined
      if (!entry.newest)
        for (const each of entry.all) if (!entry.newest || isNewer(each, entry.newest)) entry.newest = each
      return entry.newest
    },
  }
}

/** Of two recorded at the same moment the first by name counts. */
export const isNewer = (a: Sketch, b: Sketch): boolean =>
  a.recordedAt > b.recordedAt || (a.recordedAt === b.recordedAt && a.name < b.name)
