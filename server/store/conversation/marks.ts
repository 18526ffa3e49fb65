/** Which files hold an answer that is known by a mark, as the ends of their first lines say. Nothing else of them is read. */
import { type Clock, nextTurn } from '../../base/clock.ts'
import { systemCode } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { isDamage } from '../../fixture/damage.ts'
import { type Driver, StoreError, foundAt } from '../driver.ts'

/** How long files are looked into in one go, and how long that rests then, in ms: it is never in the way of a call. */
const STINT_MS = 2

const REST_MS = 18

/** How many marks are kept. */
const MAX_MARKS = 250_000

export interface Marks {
  /** How many marks of a request are looked for: each may cost a question. */
  readonly most: number
  /** The names of fixtures that said so when they were looked into: what they hold now is to be looked up. */
  namesOf(mark: string): readonly string[] | Promise<readonly string[]>
  /** A fixture was written, and its answer is known by these. */
  add(name: string, marks: readonly string[]): void
  /** Looks into those of these that it does not know yet, if that is how it knows. What cannot be read is passed over. */
  readonly learn?: (names: readonly string[]) => Promise<void>
}

/** The marks in the files of a directory: nobody keeps an index there. */
export function createMarks(driver: Pick<Driver, 'get'>, clock: Pick<Clock, 'now' | 'timer'>): Marks {
  const known = new Set<string>()
  const names = new Map<string, string | readonly string[]>()

  const namesOf = (mark: string): readonly string[] => [names.get(mark) ?? []].flat()
  const add = (name: string, marks: readonly string[]): void => {
    known.add(name)
    for (const mark of marks) {
      const before = namesOf(mark)
      if (!before.includes(name)) names.set(mark, before.length === 0 ? name : [...before, name])
    }
    for (const oldest of names.keys()) {
      if (names.size <= MAX_MARKS) break
      names.delete(oldest)
    }
  }
  return {
    most: Infinity,
    namesOf,
    add,
    async learn(all) {
      let began = clock.now()
      for (const name of all) {
        if (known.has(name)) continue
        add(name, marksIn(await tailOf(driver, name)))
        if (clock.now() - began < STINT_MS) continue
        await new Promise<void>((resolve) => clock.timer(REST_MS, resolve))
        await nextTurn()
        began = clock.now()
      }
    },
  }
}

/** How much of a file is asked for first, in bytes: most first lines are shorter. */
const FIRST_BYTES = 64 * 1024

/** How much of the end of a first line is looked at: all that stands after the request and the head, and more. In bytes. */
const TAIL_BYTES = 16 * 1024

/** How long a first line may be that is read to its end, in bytes. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

/** The end of the first line of a file. */
async function tailOf(driver: Pick<Driver, 'get'>, name: string): Promise<Buffer> {
  for (const first of [FIRST_BYTES, MAX_LINE_BYTES]) {
    const tail = await lineEnd(driver, name, first)
    if (tail) return tail
  }
  return NOTHING
}

/** The same if the line is not longer than so many bytes. */
async function lineEnd(driver: Pick<Driver, 'get'>, name: string, first: number): Promise<Buffer | undefined> {
  try {
    const got = await foundAt(driver, name, first)
    if (!got) return NOTHING
    let tail = NOTHING
    for await (const piece of got.body()) {
      const end = piece.indexOf(0x0a)
      const more = end === -1 ? piece : piece.subarray(0, end)
      tail = Buffer.concat([tail, more]).subarray(-TAIL_BYTES)
      if (end !== -1) return tail
    }
    return undefined
  } catch (error) {
    if (!isDamage(error) && systemCode(error) === undefined && !(error instanceof StoreError)) throw error
    return NOTHING
  }
}

const NOTHING: Buffer = Buffer.alloc(0)

/** The member as a recording writes it: after the request, in which it could only stand earlier. */
const MEMBER = '"known_by":'

const LIST = /^\[(?:"(?:[^"\\]|\\.)*",?)*\]/

function marksIn(tail: Buffer): string[] {
  const at = tail.lastIndexOf(MEMBER)
  if (at === -1) return []
  const [list = ''] = LIST.exec(tail.toString('utf8', at + MEMBER.length)) ?? []
  const marks = parseJson(list)
  return Array.isArray(marks) ? marks.filter((mark) => typeof mark === 'string') : []
}
