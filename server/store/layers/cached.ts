/** A directory in front of an engine: it keeps what was read, and answers while the engine is away. */
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError, systemCode } from '../../base/errors.ts'
import type { Copies } from './copies.ts'
import {
  type Driver,
  type Found,
  type GetOptions,
  type Got,
  type Page,
  type StoreError,
  isStoreError,
  wholeUnlessChanged,
} from '../driver.ts'
import type { Note } from './notes.ts'

/** How often an engine that was away is asked whether it is back, in ms; and how long who asks waits for that. */
const REST_MS = 2000

const PROBE_MS = 250

interface CachedOptions {
  readonly clock: Pick<Clock, 'now' | 'timer'>
  /** The directory, as people call it. */
  readonly dir: string
  /** Tells people: once each time that the engine is away, and once where the directory cannot be written. */
  readonly warn: (text: string) => void
  /** Something was answered by the directory alone. */
  readonly onStale?: (() => void) | undefined
}

/**
 * Puts a directory in front of an engine. What the engine says counts; only while it is away, what was read before does.
 * What is not at hand then is not there for all that: whoever asks is told that the engine is away.
 */
export function cached(
  engine: Driver,
  copies: Copies,
  { clock, dir, warn, onStale = () => {} }: CachedOptions,
): Driver {
  const outage = createOutage(engine, clock, (why) =>
    warn(`${why} Until it is back, the directory ${JSON.stringify(dir)} answers with what was read before.`),
  )
  const writing = createWriting((why) =>
    warn(
      `The directory ${JSON.stringify(dir)} of FIXTURES_CACHE keeps nothing of what is read: ${why} Let this process write to it, or leave FIXTURES_CACHE out.`,
    ),
  )
  const parts = { engine, copies, outage, writing, onStale }
  const put = async (name: string, version: string | undefined, bytes: Uint8Array): Promise<void> => {
    if (version !== undefined) await writing(() => copies.keep(name, version, bytes))
  }

  return {
    place: engine.place,
    engine: engine.engine,
    async check({ write }) {
      await writing(copies.prepare)
      try {
        await engine.check({ write })
      } catch (error) {
        // What is recorded would be lost; what was read before can be played.
        if (write || !isAway(error)) throw error
        outage.began(error)
      }
    },
    get: createLookup(parts),
    async put(name, bytes) {
      const version = await engine.put(name, bytes)
      await put(name, version, bytes)
      return version
    },
    async putIf(name, bytes, expected) {
      const version = await engine.putIf(name, bytes, expected)
      await put(name, version, bytes)
      return version
    },
    async remove(name, version) {
      const isRemoved = await engine.remove(name, version)
      if (isRemoved || version === undefined) await writing(() => copies.drop(name))
      return isRemoved
    },
    list: createListing(parts),
    async close() {
      await copies.close()
      await engine.close()
    },
  }
}

interface Parts {
  readonly engine: Driver
  readonly copies: Copies
  readonly outage: ReturnType<typeof createOutage>
  readonly writing: ReturnType<typeof createWriting>
  readonly onStale: () => void
}

function createLookup({ engine, copies, outage, writing, onStale }: Parts) {
  const stale = async (name: string, { known, first }: GetOptions): Promise<Got> => {
    const found = await copies.read(name, { first })
    if (found) onStale()
    return found && found.version === known ? 'same' : found
  }
  /** Keeps what was read, unless something was written of that name meanwhile. */
  const keep = async (found: Found, before: Note | undefined): Promise<Found> => {
    const { name, version, bytes } = found
    const whole = await wholeUnlessChanged(found)
    // Who reads it is told that it is another one by now.
    if (!whole) return found
    if ((await copies.noted(name)) === before) await writing(() => copies.keep(name, version, whole))
    return { name, version, bytes, body: () => piecesOf(whole) }
  }
  const ask = async (name: string, options: GetOptions): Promise<Got> => {
    const { known, first } = options
    const noted = await copies.noted(name)
    // Who has the version that is noted already needs no look at the file.
    const here = noted && noted.version === known ? noted : await copies.intact(name)
    const before = here ?? noted
    const got = await engine.get(name, { first, known: here?.version ?? known })
    outage.over()
    if (got === undefined) {
      if (before && (await copies.noted(name)) === before) await writing(() => copies.drop(name))
      return undefined
    }
    if (got !== 'same') return first === undefined ? keep(got, before) : got
    if (here === undefined || here.version === known) return 'same'
    return (await copies.read(name, { first })) ?? engine.get(name, options)
  }
  return async (name: string, options: GetOptions = {}): Promise<Got> => {
    const atHand = (await outage.isResting()) ? await stale(name, options) : undefined
    if (atHand) return atHand
    try {
      return await ask(name, options)
    } catch (error) {
      if (!isAway(error)) throw error
      const found = await stale(name, options)
      if (!found) throw error
      outage.began(error)
      return found
    }
  }
}

function createListing({ engine, copies, outage, writing }: Parts) {
  return async function* list(prefix?: string, after?: string): AsyncGenerator<Page, void> {
    if (await outage.isResting()) return yield* copies.list(prefix, after)
    let isBegun = false
    try {
      for await (const page of engine.list(prefix, after)) {
        isBegun = true
        await writing(() => copies.hear(page.entries))
        yield page
      }
      outage.over()
    } catch (error) {
      // A mixture of two lists would be neither.
      if (isBegun || !isAway(error)) throw error
      outage.began(error)
      yield* copies.list(prefix, after)
    }
  }
}

const PIECE_BYTES = 2 ** 20

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
}

const isAway = (error: unknown): error is StoreError => isStoreError(error, 'store_away')

/** The times when the engine is away. Now and then one who asks finds out whether it is back, and waits for that but shortly. */
function createOutage(engine: Pick<Driver, 'check'>, clock: Pick<Clock, 'now' | 'timer'>, tell: (why: string) => void) {
  let restsUntil: number | undefined
  const over = () => void (restsUntil = undefined)
  /** It may say so later, too. One that refuses is there: who asks it is told. */
  const probe = async (): Promise<void> => {
    await engine.check({ write: false }).catch((error: unknown) => {
      if (isAway(error)) throw error
    })
    over()
  }
  return {
    over,
    began(error: StoreError): void {
      if (restsUntil === undefined) tell(error.message)
      restsUntil = clock.now() + REST_MS
    },
    /** Whether it is to be left alone. */
    async isResting(): Promise<boolean> {
      if (restsUntil === undefined) return false
      if (clock.now() < restsUntil) return true
      restsUntil = clock.now() + REST_MS
      await new Promise<void>((resolve) => {
        const timer = clock.timer(PROBE_MS, resolve)
        void probe()
          .catch(() => {})
          .finally(() => {
            timer.clear()
            resolve()
          })
      })
      return restsUntil !== undefined
    },
  }
}

/** Makes what writes to the directory as long as that can be written: it is a help, and nothing that may fail for it. */
function createWriting(tell: (why: string) => void) {
  let isOff = false
  return async (work: () => Promise<void>): Promise<void> => {
    if (isOff) return
    try {
      await work()
    } catch (error) {
      if (!(error instanceof DeltatapeError) && systemCode(error) === undefined) throw error
      if (!isOff) tell(error instanceof Error ? error.message : String(error))
      isOff = true
    }
  }
}
