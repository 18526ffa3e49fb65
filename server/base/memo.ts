/** Lists that come again, and what is made of them once. */
import { LRUCache } from 'lru-cache'

/** A list of items that is handed on as a whole. */
export interface List<T> {
  /** Those of a kept list may have to be made for whoever asks. */
  readonly items: readonly T[]
  /** How many there are: costs nothing. */
  readonly count: number
  /**
   * Whether the very same list will be handed on again, as replay does with what it keeps of a fixture. A layer that
   * changes nothing hands it on as it is: a copy would be encoded anew each time.
   */
  readonly kept: boolean
  /** Counts what is remembered of a kept list. */
  readonly tally?: Tally | undefined
}

/** A list that is seen once. */
export const fresh = <T>(items: readonly T[]): List<T> => ({ items, count: items.length, kept: false })

/** A list that will come again. */
export const kept = <T>(items: readonly T[]): List<T> => ({ items, count: items.length, kept: true })

/** How a list that will come again is kept without its items. */
export interface Remaking<T> {
  /** How long they are, in characters. */
  readonly chars: number
  readonly tally: Tally | undefined
  /** Called once, when they go: gives what makes them anew, and does not hold on to them. */
  readonly pack: (items: readonly T[]) => () => readonly T[]
}

/** A list that will come again. Its items go when others were asked for since, and are made anew for whoever asks. */
export const remade = <T>(items: readonly T[], how: Remaking<T>): List<T> => new Remade(items, how)

class Remade<T> implements List<T> {
  readonly kept = true
  readonly count: number
  readonly tally: Tally | undefined
  readonly #chars: number
  #pack: Remaking<T>['pack'] | undefined
  #make: (() => readonly T[]) | undefined
  #items: readonly T[] | undefined

  constructor(items: readonly T[], { chars, tally, pack }: Remaking<T>) {
    this.count = items.length
    this.tally = tally
    this.#chars = Math.min(Math.max(chars, 1), WARM_CHARS)
    this.#pack = pack
    this.#items = items
    warm.set(this, true, { size: this.#chars })
  }

  get items(): readonly T[] {
    const items = this.#items ?? this.#make?.() ?? []
    this.#items = items
    if (!warm.get(this)) warm.set(this, true, { size: this.#chars })
    return items
  }

  cool(): void {
    // It goes with the answer that it is a part of: packing it would be for nothing.
    if (this.tally?.isCounted === false) return
    this.#make ??= this.#pack?.(this.#items ?? [])
    this.#pack = undefined
    this.#items = undefined
  }
}

/** How many characters of items there are at a time: records take some five times as much of V8's heap. */
const WARM_CHARS = 1024 * 1024

/** The lists whose items are there. All of the process share it, as they share the heap. */
const warm = new LRUCache<{ cool(): void }, true>({ maxSize: WARM_CHARS, dispose: (_, list) => list.cool() })

/** What a thing that is remembered takes beside its own bytes. */
const ENTRY_BYTES = 150

/**
 * Makes `make` remember what it gives for a kept list, as long as that list is in memory. Other lists cost nothing.
 *
 * @param bytesOf how much it takes, outside of the heap, too
 */
export function remember<T, Out>(
  make: (list: List<T>) => Out,
  bytesOf: (out: Out) => number = () => 0,
): (list: List<T>) => Out {
  const made = new WeakMap<List<T>, Out>()
  return (list) => {
    if (!list.kept) return make(list)
    const known = made.get(list)
    if (known !== undefined) return known
    const out = make(list)
    made.set(list, out)
    list.tally?.add(bytesOf(out) + ENTRY_BYTES)
    return out
  }
}

/** The same for a step from one state to the next: the last one from each list is remembered. */
export function rememberStep<State extends object, T, Out>(
  step: (state: State, list: List<T>) => Out,
  bytesOf: (out: Out) => number = () => 0,
): (state: State, list: List<T>) => Out {
  const made = new WeakMap<List<T>, { readonly from: State; readonly out: Out }>()
  return (state, list) => {
    if (!list.kept) return step(state, list)
    const known = made.get(list)
    if (known?.from === state) return known.out
    const out = step(state, list)
    made.set(list, { from: state, out })
    if (!known) list.tally?.add(bytesOf(out) + ENTRY_BYTES)
    return out
  }
}

/** Bytes to be remembered, by themselves: small ones are parts of a larger piece, which would stay as long as they do. */
export function alone(bytes: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  if (bytes.buffer.byteLength === bytes.byteLength) return bytes
  const own = Buffer.allocUnsafeSlow(bytes.byteLength)
  bytes.copy(own)
  return own
}

/** How much something takes in memory, in bytes, about: more as things are made of it that are kept with it. */
export interface Tally {
  readonly bytes: number
  /** Whether somebody counts it, since it is kept. */
  readonly isCounted: boolean
  add(bytes: number): void
  /** Calls whoever counts it each time that it has grown. There is one at a time. */
  tell(counter: (() => void) | undefined): void
}

/** Makes the tally of something that takes so many bytes by itself. */
export const createTally = (bytes: number): Tally => new Count(bytes)

class Count implements Tally {
  bytes: number
  #counter: (() => void) | undefined

  constructor(bytes: number) {
    this.bytes = bytes
  }

  get isCounted(): boolean {
    return this.#counter !== undefined
  }

  add(more: number): void {
    this.bytes += more
    this.#counter?.()
  }

  tell(counter: (() => void) | undefined): void {
    this.#counter = counter
  }
}
