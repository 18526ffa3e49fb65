/** Fixtures and what stands beside them: written and taken away together, so that one is never without the other. */
import { parseObject } from '../../base/json.ts'
import { type Beside, besideFrom, besideNamedIn, besideOf, createBeside, sha256Of } from '../../fixture/beside.ts'
import { isDamage } from '../../fixture/damage.ts'
import { formatInTurns } from '../../fixture/file.ts'
import type { Fixture } from '../../fixture/fixture.ts'
import { takenIn } from '../../fixture/lines.ts'
import { type Driver, type Expected, type Found, foundAt, isStoreError, wholeOf } from '../driver.ts'
import { linesIn } from '../lines.ts'

/** `say-hi-….jsonl` → `say-hi-….bin` */
export const besideName = (name: string): string => name.replace(/\.jsonl$/, '.bin')

/** How it is called until its fixture is there, too; in an engine for ever: several may write at one time. */
export const besideOwnName = (name: string, sha256: string): string =>
  name.replace(/\.jsonl$/, `.${sha256.slice(0, 12)}.bin`)

/** What stands beside a fixture with a SHA-256, if it is there. */
async function foundBeside(driver: Driver, name: string, sha256: string): Promise<Found | undefined> {
  for (const each of [besideOwnName(name, sha256), besideName(name)]) {
    const found = await foundAt(driver, each)
    if (found) return found
  }
  return undefined
}

/** The same as bytes, as the text of a fixture's file names it. */
export async function readBeside(driver: Driver, name: string, text: string): Promise<Beside> {
  const sha256 = besideNamedIn(text)
  const found = sha256 === undefined ? undefined : await foundBeside(driver, name, sha256)
  return besideFrom(found && (await wholeOf(found)), found?.name ?? besideName(name))
}

/** What stands beside a fixture, read as its lines ask for it. */
export interface Opened {
  readonly beside: Beside
  /** Reads as much as a line takes, if it takes any. */
  ready(line: string): Promise<void> | undefined
  /** What tells the state of what was read from the next; undefined if nothing was. */
  readonly version: string | undefined
  close(): Promise<void>
}

/** How long a line may be that takes bytes of what stands beside its fixture, in characters. */
const MAX_LINE_CHARS = 300

/** What a line takes; undefined of nearly all lines. By what a line says that is damaged nothing is looked for. */
function takenBy(line: string): Exclude<ReturnType<typeof takenIn>, string> | undefined {
  if (line.length > MAX_LINE_CHARS || !line.includes('"bin"')) return undefined
  const taken = takenIn(parseObject(line) ?? {})
  return typeof taken === 'string' ? undefined : taken
}

/** Opens what stands beside a fixture once a line asks for it: it is read once, in order, and not kept. */
export function openBeside(driver: Driver, name: string): Opened {
  let found: Found | undefined
  let body: Iterator<Uint8Array> | AsyncIterator<Uint8Array> | undefined
  let held: Buffer = Buffer.alloc(0)
  const fill = async (sha256: string, count: number): Promise<void> => {
    if (!body) {
      found = await foundBeside(driver, name, sha256)
      const all = found?.body() ?? []
      body = Symbol.asyncIterator in all ? all[Symbol.asyncIterator]() : all[Symbol.iterator]()
    }
    while (held.length < count) {
      const { done, value } = await body.next()
      if (done) return
      held =
        held.length === 0 ? Buffer.from(value.buffer, value.byteOffset, value.length) : Buffer.concat([held, value])
    }
  }
  const beside = createBeside(() =>
    found
      ? {
          name: found.name,
          size: found.bytes,
          read(_from, count) {
            const bytes = held.subarray(0, count)
            held = held.subarray(count)
            return bytes
          },
          close() {},
        }
      : besideName(name),
  )
  return {
    beside,
    ready(line) {
      const taken = takenBy(line)
      return taken && fill(taken.sha256, taken.count)
    },
    get version() {
      return found?.version
    },
    async close() {
      await body?.return?.()
    },
  }
}

/** What tells the state of what stands beside a fixture under its plain name; `absent` if there is none. */
export async function besideVersion(driver: Driver, name: string): Promise<{ version: string; bytes: number }> {
  return (await foundAt(driver, besideName(name), 1)) ?? { version: 'absent', bytes: 0 }
}

/** What is written, and in the place of what. */
export interface Writing {
  readonly name: string
  readonly fixture: Fixture
  /** What has to be there; anything may, if that is not said. */
  readonly expected?: Expected | undefined
  /** The fixture that it stands in the place of. */
  readonly before?: Fixture | undefined
}

/**
 * Writes a fixture so that at any moment its name holds the old one or the new one, whole. What stands beside it comes
 * first, under a name that says which it is. In a directory, where one process at a time writes such a fixture, it gets
 * its plain name in the end; until then the old fixture has its own.
 *
 * @returns the version of the fixture; undefined if there was something else: nothing was written
 */
export async function writeFixture(driver: Driver, writing: Writing): Promise<string | undefined> {
  const { name, fixture, expected, before } = writing
  const text = Buffer.from(await formatInTurns(fixture))
  const put = () => (expected === undefined ? driver.put(name, text) : driver.putIf(name, text, expected))
  const bytes = besideOf(fixture)
  if (!bytes && !(before && besideOf(before))) return put()
  const write = () =>
    driver.dir === undefined ? writeApart(driver, writing, bytes, put) : writeBoth(driver, name, bytes, put)
  return driver.alone ? driver.alone(name.replace(/jsonl$/, 'both.jsonl'), write) : write()
}

/** Writes what is to stand beside a fixture under the name that says which it is; gives that name. */
async function putOwn(driver: Driver, name: string, bytes: Buffer): Promise<string> {
  const own = besideOwnName(name, sha256Of(bytes))
  await driver.put(own, bytes)
  return own
}

async function writeBoth(
  driver: Driver,
  name: string,
  bytes: Buffer | undefined,
  put: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const own = bytes && (await putOwn(driver, name, bytes))
  const version = await put()
  if (bytes && version !== undefined) await driver.put(besideName(name), bytes)
  else if (version !== undefined) await driver.remove(besideName(name))
  if (own !== undefined) await driver.remove(own)
  return version
}

/**
 * In an engine several may write and remove at one time, and rely on what has a name of its own: it is looked at again
 * once the fixture is there, and what stood beside the one before goes only where that did not come back.
 */
async function writeApart(
  driver: Driver,
  { name, before }: Writing,
  bytes: Buffer | undefined,
  put: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const own = bytes && (await putOwn(driver, name, bytes))
  const version = await put()
  if (version === undefined) return undefined
  if (bytes && own !== undefined && (await driver.get(own, { first: 1 })) === undefined) await driver.put(own, bytes)
  const old = before && besideOf(before)
  const left = old && besideOwnName(name, sha256Of(old))
  if (left === undefined || left === own) return version
  if ((await driver.get(name, { known: version, first: 1 })) === 'same') await driver.remove(left)
  return version
}

/**
 * Takes a fixture away, and then what stands beside it: what it names itself, as it was before the fixture went. Somebody
 * may write the same fixture anew at any moment, and has put first what stands beside that.
 *
 * @param version only if it still has this one
 * @returns whether it had
 */
export async function removeFixture(driver: Driver, name: string, version?: string): Promise<boolean> {
  const beside = await besideNow(driver, name)
  if (!(await driver.remove(name, version))) return false
  const isBack = beside.length > 0 && (await driver.get(name, { first: 1 })) !== undefined
  if (!isBack) for (const each of beside) await driver.remove(each.name, each.version)
  return true
}

/** What stands beside a fixture under the names that it may have there. */
async function besideNow(driver: Driver, name: string): Promise<Pick<Found, 'name' | 'version'>[]> {
  const sha256 = await besideNamed(driver, name)
  const found: Found[] = []
  for (const each of [...(sha256 === undefined ? [] : [besideOwnName(name, sha256)]), besideName(name)]) {
    const one = await foundAt(driver, each, 1)
    if (one) found.push(one)
  }
  return found
}

/** The SHA-256 of what stands beside a fixture, as its lines name it; undefined if they name nothing, or cannot be read. */
async function besideNamed(driver: Driver, name: string): Promise<string | undefined> {
  try {
    const found = await foundAt(driver, name)
    if (!found) return undefined
    for await (const lines of linesIn(found)) {
      for (const line of lines) {
        const taken = takenBy(line)
        if (taken) return taken.sha256
      }
    }
    return undefined
  } catch (error) {
    if (!isStoreError(error, 'store_changed') && !isDamage(error)) throw error
    return undefined
  }
}
