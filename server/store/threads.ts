/** Which fixture holds the answer that a request carries within: looked for when a recording is saved. */
import { apiNamed } from '../api/index.ts'
import { isDamage } from '../fixture/damage.ts'
import type { Fixture } from '../fixture/fixture.ts'
import type { Sketch } from '../fixture/sketch.ts'
import { carriedBy } from '../fixture/thread.ts'
import type { Finder } from './finder.ts'
import { isNewer } from './shelf.ts'

/** How many fixtures that are known by one mark are compared. */
const MAX_COMPARED = 100

/**
 * The key of the fixture whose answer a request carries; of several answers that of the last. Looks among what is known,
 * and only where nothing is found there for files that are not known yet. Costs nothing where a request carries nothing.
 */
export async function followedBy(finder: Finder, fixture: Fixture): Promise<string | undefined> {
  const marks = carriedBy(apiNamed(fixture.api), fixture)
  if (marks.length === 0) return undefined
  const found = await search(finder, fixture, marks)
  if (found !== undefined) return found
  await finder.catchUp()
  return search(finder, fixture, marks)
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
