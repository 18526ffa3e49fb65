/** Which fixture holds the answer that a request carries within: looked for when a recording is saved. */
import { apiNamed } from '../api/index.ts'
import type { Clock } from '../base/clock.ts'
import { isDamage } from '../fixture/damage.ts'
import type { Fixture } from '../fixture/fixture.ts'
import type { Sketch } from '../fixture/sketch.ts'
import { carriedBy } from '../fixture/thread.ts'
import type { Finder } from './finder.ts'
import { isNewer } from './shelf.ts'

/** How many fixtures that are known by one mark are compared. */
const MAX_COMPARED = 100

/** How long a save waits for a look at files that are not known, in ms, unless the last one has shown that it takes long. */
const PATIENCE_MS = 100

/** A look that takes no longer may follow the one before at once, in ms. */
const SHORT_MS = 10

/** After others come so many times their length without one; and no rest is longer than this, in ms. */
const REST = 9

const MAX_REST_MS = 1000

/** How many fixtures wait for a look; others name none. */
const MAX_WAITING = 1000

/** What a save is told of the fixture that its own continues. */
export interface Thread {
  /** The key of that fixture, as far as it is known. */
  readonly follows: string | undefined
  /** The same, if files have to be looked at that are not known; undefined if that is not so. */
  readonly later?: Promise<string | undefined>
}

/**
 * Makes what tells which fixture another one continues: the key of the one whose answer its request carries; of several
 * answers that of the last. Looks among what is known. Only where nothing is found there it looks for files that are not
 * known yet: all who wait share one look, and a large folder is looked at beside everything else, a tenth of the time.
 */
export function createThreads(finder: Finder, clock: Clock): (fixture: Fixture) => Promise<Thread> {
  let waiting: Waiting[] = []
  let isLooking = false
  let takesLong = false

  const lookForAll = async () => {
    isLooking = true
    while (waiting.length > 0) {
      const all = waiting
      waiting = []
      const began = clock.now()
      try {
        await finder.catchUp()
        for (const { fixture, marks, resolve } of all) resolve(await search(finder, fixture, marks))
      } catch (error) {
        for (const { reject } of all) reject(error)
      }
      const tookMs = clock.now() - began
      takesLong = tookMs > SHORT_MS
      if (takesLong) await rest(Math.min(REST * tookMs, MAX_REST_MS), clock)
    }
    isLooking = false
  }

  return async (fixture) => {
    const marks = carriedBy(apiNamed(fixture.api), fixture)
    const follows = marks.length === 0 ? undefined : await search(finder, fixture, marks)
    if (marks.length === 0 || follows !== undefined || waiting.length >= MAX_WAITING) return { follows }
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
    // Whoever does not wait may not ask for it either.
    promise.catch(() => {})
    waiting.push({ fixture, marks, resolve, reject })
    if (!isLooking) void lookForAll()
    const known = takesLong ? WAITS : await within(PATIENCE_MS, promise, clock)
    return known === WAITS ? { follows: undefined, later: promise } : { follows: known }
  }
}

interface Waiting {
  readonly fixture: Fixture
  readonly marks: readonly string[]
  readonly resolve: (key: string | undefined) => void
  readonly reject: (error: unknown) => void
}

const rest = (ms: number, clock: Clock) => new Promise<void>((resolve) => clock.timer(ms, resolve))

const WAITS = Symbol('it is not known yet')

/** What a promise gives, if it does within this time, in ms. */
function within<T>(ms: number, promise: Promise<T>, clock: Clock): Promise<T | typeof WAITS> {
  const { promise: late, resolve } = Promise.withResolvers<typeof WAITS>()
  const timer = clock.timer(ms, () => resolve(WAITS))
  return Promise.race([promise, late]).finally(timer.clear)
}

async function search(finder: Finder, { api, key }: Fixture, marks: readonly string[]): Promise<string | undefined> {
  const carried = new Set(marks)
  for (const mark of marks) {
    const held = candidates(finder.shelf.knownBy(api, mark), key).toSorted(
      (a, b) => shared(b, carried) - shared(a, carried) || (isNewer(a, b) ? -1 : 1),
    )
    for (const sketch of held) if (await isStill(finder, sketch, mark)) return sketch.key
  }
  return undefined
}

/** No request follows itself. */
function candidates(sketches: Iterable<Sketch>, key: string): Sketch[] {
  const found: Sketch[] = []
  for (const sketch of sketches) {
    if (sketch.key !== key && found.push(sketch) >= MAX_COMPARED) break
  }
  return found
}

/** How many marks of an answer a request carries: not every API gives ids of its own to all answers. */
const shared = ({ knownBy }: Sketch, carried: ReadonlySet<string>): number =>
  knownBy.filter((mark) => carried.has(mark)).length

/** Another process may have changed a file, or taken it away. */
async function isStill(finder: Finder, { name, key }: Sketch, mark: string): Promise<boolean> {
  try {
    const now = await finder.sketch(name)
    return now?.key === key && now.knownBy.includes(mark)
  } catch (error) {
    if (!isDamage(error)) throw error
    return false
  }
}
