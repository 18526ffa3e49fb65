/** Which files hold an answer that is known by a mark, as the ends of their first lines say. Nothing else of them is read. */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { type Clock, nextTurn } from '../base/clock.ts'
import { systemCode } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { pathOf } from './disk.ts'

/** How long files are looked into in one go, and how long that rests then, in ms: it is never in the way of a call. */
const STINT_MS = 2

const REST_MS = 18

/** How many marks are kept. */
const MAX_MARKS = 250_000

export interface Marks {
  /** The names of files that said so when they were looked into: what they hold now is to be looked up. */
  namesOf(mark: string): readonly string[]
  /** A file was written, and its answer is known by these. */
  add(name: string, marks: readonly string[]): void
  /** Looks into those of these files that it does not know yet. What cannot be read is passed over. */
  learn(names: readonly string[]): Promise<void>
}

export function createMarks(dir: string, clock: Pick<Clock, 'now' | 'timer'>): Marks {
  const known = new Set<string>()
  const names = new Map<string, string | readonly string[]>()
  const read = createTailReader(dir)

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
    namesOf,
    add,
    async learn(all) {
      let began = clock.now()
      for (const name of all) {
        if (known.has(name)) continue
        add(name, marksIn(read(name)))
        if (clock.now() - began < STINT_MS) continue
        await new Promise<void>((resolve) => clock.timer(REST_MS, resolve))
        await nextTurn()
        began = clock.now()
      }
    },
  }
}

const CHUNK_BYTES = 64 * 1024

/** How much of the end of a first line is looked at: all that stands after the request and the head, and more. In bytes. */
const TAIL_BYTES = 16 * 1024

/** How long a first line may be that is read to its end, in bytes. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

/** Makes what gives the end of the first line of a file. In one go, as that costs a tenth of a way through the thread pool. */
function createTailReader(dir: string): (name: string) => Buffer {
  const buffer = Buffer.allocUnsafe(TAIL_BYTES + CHUNK_BYTES)
  const readFrom = (file: number): Buffer => {
    let held = 0
    for (let at = 0; at < MAX_LINE_BYTES;) {
      const count = readSync(file, buffer, held, CHUNK_BYTES, at)
      const end = buffer.subarray(0, held + count).indexOf('\n', held)
      if (end !== -1) return buffer.subarray(0, end)
      if (count === 0) break
      at += count
      const filled = held + count
      held = Math.min(TAIL_BYTES, filled)
      buffer.copyWithin(0, filled - held, filled)
    }
    return NOTHING
  }
  return (name) => {
    let file: number | undefined
    try {
      // Nothing that would make its reader wait. Windows has no such flag, and no such files.
      file = openSync(pathOf(dir, name), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
      return readFrom(file)
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      return NOTHING
    } finally {
      if (file !== undefined) closeSync(file)
    }
  }
}

const NOTHING = Buffer.alloc(0)

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
