/** Which fixture holds the answer that a request carries within: looked for when a recording is saved. */
import { apiNamed } from '../../api/index.ts'
import type { Clock } from '../../base/clock.ts'
import type { Fixture } from '../../fixture/fixture.ts'
import type { Sketch } from '../../fixture/sketch.ts'
import { carriedBy, spaceOf } from '../../fixture/thread.ts'
import { type Finder, sketchNow } from '../find/finder.ts'
import type { Marks } from './marks.ts'
import { isNewer } from '../read/shelf.ts'

/** How many fixtures that are known by one mark are compared. */
const MAX_COMPARED = 100

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
  /** Looks for it among files that are not known yet; undefined if there is no need to. */
  readonly later?: () => Promise<string | undefined>
}

/**
 * Makes what tells which fixture another one continues: the key of the one whose answer its request carries; of several
 * answers that of the last. Looks among what is known. Only where nothing is found there it looks for files that are not
 * known yet, when the save is done: all who wait share one look, and a large folder is looked at beside everything else,
 * a tenth of the time.
 */
export function createThreads(finder: Finder, marks: Marks, clock: Clock): (fixture: Fixture) => Promise<Thread> {
  const { learn } = marks
  let waiting: Waiting[] = []
  let isLooking = false

  const lookForAll = async () => {
    isLooking = true
    while (waiting.length > 0) {
      const all = waiting
      waiting = []
      const began = clock.now()
      try {
        const { names } = await finder.look()
        await learn?.(names())
        for (const { fixture, carried, resolve } of all) resolve(await search({ finder, marks }, fixture, carried))
      } catch (error) {
        for (const { reject } of all) reject(error)
      }
      const tookMs = clock.now() - began
      if (tookMs > SHORT_MS) await rest(Math.min(REST * tookMs, MAX_REST_MS), clock)
    }
    isLooking = false
  }

  return async (fixture) => {
    const carried = carriedBy(apiNamed(fixture.api), fixture)
    const follows = carried.length === 0 ? undefined : await search({ finder, marks }, fixture, carried)
    if (!learn || carried.length === 0 || follows !== undefined || waiting.length >= MAX_WAITING) return { follows }
    const { api, key } = fixture
    const later = () => {
      const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
      waiting.push({ fixture: { api, key }, carried, resolve, reject })
      if (!isLooking) void lookForAll()
      return promise
    }
    return { follows: undefined, later }
  }
}

interface Waiting {
  readonly fixture: Pick<Fixture, 'api' | 'key'>
  /** The marks of earlier answers that its request carries, the last first. */
  readonly carried: readonly string[]
  readonly resolve: (key: string | undefined) => void
  readonly reject: (error: unknown) => void
}

const rest = (ms: number, clock: Clock) => new Promise<void>((resolve) => clock.timer(ms, resolve))

interface Known {
  readonly finder: Finder
  readonly marks: Marks
}

async function search(
  { finder, marks }: Known,
  { api, key }: Pick<Fixture, 'api' | 'key'>,
  carried: readonly string[],
): Promise<string | undefined> {
  const all = new Set(carried)
  for (const mark of carried.slice(0, marks.most)) {
    const held: Sketch[] = []
    for (const name of (await marks.namesOf(mark)).slice(-MAX_COMPARED)) {
      const sketch = await sketchNow(finder, name)
      // No request follows itself.
      if (sketch && spaceOf(sketch.api) === spaceOf(api) && sketch.key !== key && sketch.knownBy.includes(mark))
        held.push(sketch)
    }
    const [best] = held.toSorted((a, b) => shared(b, all) - shared(a, all) || (isNewer(a, b) ? -1 : 1))
    if (best) return best.key
  }
  return undefined
}

/** How many marks of an answer a request carries: not every API gives ids of its own to all answers. */
const shared = ({ knownBy }: Sketch, carried: ReadonlySet<string>): number =>
  knownBy.filter((mark) => carried.has(mark)).length
