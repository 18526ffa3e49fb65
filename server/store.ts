/** Where fixtures live: a directory of `*.jsonl` files, found by key. */
import { randomBytes } from 'node:crypto'
import { constants, readFileSync, renameSync } from 'node:fs'
import { access, mkdir, open, readFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { DeltatapeError, systemCode } from './errors.ts'
import {
  NAME_KEY_CHARS,
  fileName,
  formatFixture,
  identify,
  parseFixture,
  parseHeader,
  type Fixture,
  type Identity,
} from './fixture.ts'
import type { JsonObject } from './json.ts'
import { explainMiss, type Candidate } from './miss.ts'
import { isFinished } from './model/model.ts'
import type { Clock } from './pace.ts'
import type { Redactor } from './redact.ts'

/** A fixture and the name of its file. */
export interface StoredFixture extends Fixture {
  readonly name: string
}

export interface Store {
  /** The directory, as configured. */
  readonly dir: string
  /** The identity of a request, its conversation resolved among the fixtures. */
  identify(body: JsonObject): Promise<Identity>
  /** The fixture with this key. Throws `fixture_invalid` where it is damaged. */
  find(key: string): Promise<StoredFixture | undefined>
  /**
   * Writes a fixture in one step, and takes away others of its key. A recording that brings nothing new changes nothing,
   * and what the model did not finish never replaces what it did.
   */
  save(fixture: Fixture): Promise<'saved' | 'unchanged' | 'kept'>
  /** The file names of all fixtures, sorted. */
  list(): Promise<string[]>
  /** The text of a fixture's file, whole or not. Throws `fixture_invalid` where it cannot be read. */
  text(name: string): Promise<string>
  /** What stands in the first line of each fixture, and the names of those that are damaged. */
  survey(): Promise<{ readonly candidates: Candidate[]; readonly damaged: string[] }>
  /** Writes a fixture in one step, under its own name, in place of the file with this one. */
  replace(name: string, fixture: Fixture): Promise<void>
  /** Takes a fixture away; one that is gone already is no error. */
  remove(name: string): Promise<void>
  /** The models that the fixtures were recorded of, sorted. */
  models(): Promise<string[]>
  /** What a request without a fixture is answered. */
  miss(identity: Identity): Promise<DeltatapeError>
}

export interface StoreOptions {
  readonly dir: string
  readonly redactor: Redactor
  readonly clock: Clock
}

/** Whether the model finished: an answer that a failure must not replace. */
export const isGood = ({ ending, events }: Fixture): boolean => ending.end === 'complete' && isFinished(events)

/**
 * Makes sure that a directory can serve as a store: it is there, can be read and, with `write`, made and written to.
 *
 * @throws DeltatapeError `fixtures_unusable`
 */
export async function checkStore(dir: string, { write }: { write: boolean }): Promise<void> {
  try {
    if (write) await mkdir(dir, { recursive: true })
    if (!(await stat(dir)).isDirectory()) throw unusable(dir, 'is no directory')
    await access(dir, constants.R_OK | constants.X_OK | (write ? constants.W_OK : 0))
    if (write) await sweep(dir)
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    throw unusable(dir, WHY_UNUSABLE[code] ?? `cannot be used: ${code}`, error)
  }
}

const TEMPORARY = /^\..+\.jsonl\.\d+\.[0-9a-f]{12}\.tmp$/
const STALE_MS = 60 * 60 * 1000

/** Takes away what processes that were killed have left: no save takes an hour. */
async function sweep(dir: string): Promise<void> {
  for (const name of (await readdir(dir)).filter((each) => TEMPORARY.test(each))) {
    const { mtimeMs } = await stat(join(dir, name))
    if (Date.now() - mtimeMs > STALE_MS) await rm(join(dir, name), { force: true })
  }
}

const WHY_UNUSABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EEXIST: 'is no directory',
  ENOTDIR: 'is no directory',
  EACCES: 'may not be read or written by this process',
  EPERM: 'may not be read or written by this process',
  EROFS: 'is on a file system that cannot be written to',
}

const unusable = (dir: string, why: string, cause?: unknown) =>
  new DeltatapeError(
    'fixtures_unusable',
    `The fixtures directory ${JSON.stringify(dir)} ${why}. Set FIXTURES_DIR to one that can be used, or record into it with MODEL_MODE=record.`,
    { cause },
  )

/** How much file text the fixtures kept in memory may have been read from, in characters. */
const CACHE_CHARS = 32 * 1024 * 1024

/** How many ids of answers are remembered, and how many files are read at once. */
const MAX_ANSWERS = 100_000
const READS_AT_ONCE = 64

/** What was read from a file, and the state of the file that it was read from. */
interface Kept<T> {
  readonly version: string
  readonly value: T
}

/** Opens a directory of fixtures. Files are read when they are asked for; others may write to it meanwhile. */
export function openStore({ dir, redactor, clock }: StoreOptions): Store {
  const fixtures = new LRUCache<string, Kept<StoredFixture>>({ maxSize: CACHE_CHARS })
  const headers = new LRUCache<string, Kept<Candidate>>({ maxSize: CACHE_CHARS })
  /** Fixtures that some turn still plays: whatever their size, they are in memory once. */
  const playing = new Map<string, WeakRef<Kept<StoredFixture>>>()
  /** The keys that this process saved an answer with this id under, the last first: a later recording has another id. */
  const answered = new LRUCache<string, readonly string[]>({ max: MAX_ANSWERS })
  /** The last save of each key that is under way: saves of one key follow one another. */
  const saving = new Map<string, Promise<unknown>>()
  /** The names of the files by the part of the key in them, as of the last look at the directory. */
  let named = new Map<string, string[]>()

  const list = async (): Promise<string[]> => {
    const names = await readdir(dir).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return []
      throw error
    })
    return names.filter((name) => name.endsWith('.jsonl') && !name.startsWith('.')).toSorted()
  }

  const look = async (): Promise<void> => {
    named = Map.groupBy(await list(), (name) => name.slice(-NAME_KEY_CHARS - '.jsonl'.length, -'.jsonl'.length))
  }

  const read = async (name: string): Promise<StoredFixture | undefined> => {
    const version = await versionOf(join(dir, name))
    if (version === undefined) return undefined
    const kept = fixtures.get(name) ?? playing.get(name)?.deref()
    if (kept?.version === version) return kept.value
    const text = await readFile(join(dir, name), 'utf8').catch(unreadable(name))
    const fresh = { version, value: { ...parseFixture(text, name), name } }
    fixtures.set(name, fresh, { size: text.length + 1 })
    playing.set(name, new WeakRef(fresh))
    return fresh.value
  }

  const readHeader = async (name: string): Promise<Candidate | undefined> => {
    const version = await versionOf(join(dir, name))
    if (version === undefined) return undefined
    const kept = headers.get(name)
    if (kept?.version === version) return kept.value
    const line = await firstLine(join(dir, name)).catch(unreadable(name))
    const value = { ...parseHeader(line, name), name }
    headers.set(name, { version, value }, { size: line.length + 1 })
    return value
  }

  const findNamed = async (key: string): Promise<StoredFixture | undefined> => {
    for (const name of named.get(key.slice(0, NAME_KEY_CHARS)) ?? []) {
      const fixture = await read(name)
      if (fixture?.key === key) return fixture
    }
    return undefined
  }

  /** Looks where the name says, then at the directory anew, and then into the files: it is the key that counts. */
  const find = async (key: string): Promise<StoredFixture | undefined> => {
    const found = await findNamed(key)
    if (found) return found
    await look()
    const anew = await findNamed(key)
    if (anew) return anew
    const { candidates } = await survey()
    const renamed = candidates.find((candidate) => candidate.key === key)
    return renamed && read(renamed.name)
  }

  /** The headers of all fixtures, and the names of those that are damaged. Costs a stat a file; what changed is read. */
  const survey = async (): Promise<{ candidates: Candidate[]; damaged: string[] }> => {
    const damaged: string[] = []
    const readOne = async (name: string): Promise<Candidate | undefined> => {
      try {
        return await readHeader(name)
      } catch (error) {
        if (!isDamage(error)) throw error
        damaged.push(name)
        return undefined
      }
    }
    const names = await list()
    const candidates: (Candidate | undefined)[] = []
    for (let start = 0; start < names.length; start += READS_AT_ONCE) {
      candidates.push(...(await Promise.all(names.slice(start, start + READS_AT_ONCE).map(readOne))))
    }
    return { candidates: candidates.filter((candidate) => candidate !== undefined), damaged: damaged.toSorted() }
  }

  /**
   * The keys of the fixtures that hold, or held, the answer with this id, the last recorded first. Looks among those
   * that are known already before it looks into all, so that a conversation costs no survey a turn.
   */
  const keysOf = async (responseId: string): Promise<string[]> => {
    const holds = (candidate: Candidate | undefined) => candidate?.responseId === responseId
    const names = [...headers].filter(([, { value }]) => holds(value)).map(([name]) => name)
    const known = (await Promise.all(names.map((name) => readHeader(name).catch(passDamage)))).filter(holds)
    const here = answered.get(responseId) ?? []
    const found = known.length + here.length > 0 ? known : (await survey()).candidates.filter(holds)
    const inOrder = found
      .filter((candidate) => candidate !== undefined)
      .toSorted((a, b) => b.recorded.at.localeCompare(a.recorded.at) || a.name.localeCompare(b.name))
    return [...new Set([...here, ...inOrder.map(({ key }) => key)])]
  }

  /**
   * The API gives every answer an id of its own, but not all that stands in for it does. Where several fixtures hold
   * an answer with this id, the one counts whose continuation was recorded, or else the last.
   */
  const identifyHere = async (body: JsonObject): Promise<Identity> => {
    const keys = typeof body.previous_response_id === 'string' ? await keysOf(body.previous_response_id) : []
    const [last, ...older] = keys.map((key) => identify(body, redactor, key))
    if (last === undefined || older.length === 0) return last ?? identify(body, redactor)
    for (const identity of [last, ...older]) if (await find(identity.key).catch(passDamage)) return identity
    return last
  }

  const saveAlone = async (fixture: Fixture): Promise<'saved' | 'unchanged' | 'kept'> => {
    const name = fileName(fixture)
    const before = await find(fixture.key).catch(passDamage)
    if (before && !isGood(fixture) && isGood(before)) return 'kept'
    if (before?.name === name && sameAnswer(before, fixture)) return 'unchanged'
    if (!(await writeWhole(dir, name, fixture, clock))) return 'kept'
    await look()
    for (const other of named.get(fixture.key.slice(0, NAME_KEY_CHARS)) ?? []) {
      if (other === name) continue
      const header = await readHeader(other).catch(passDamage)
      if (header?.key === fixture.key) await rm(join(dir, other), { force: true })
    }
    await readHeader(name)
    return 'saved'
  }

  return {
    dir,
    list,
    text: (name) => readFile(join(dir, name), 'utf8').catch(unreadable(name)),
    find,
    survey,
    async replace(name, fixture) {
      const next = fileName(fixture)
      if ((await writeWhole(dir, next, fixture, clock)) && next !== name) await rm(join(dir, name), { force: true })
    },
    remove: (name) => rm(join(dir, name), { force: true }),
    identify: identifyHere,
    async save(fixture) {
      const { key, responseId } = fixture
      if (responseId !== undefined) answered.set(responseId, [...new Set([key, ...(answered.get(responseId) ?? [])])])
      const before = saving.get(key)
      const mine = (async () => {
        await before?.catch(() => {})
        return saveAlone(fixture)
      })()
      saving.set(key, mine)
      try {
        return await mine
      } finally {
        if (saving.get(key) === mine) saving.delete(key)
      }
    },
    async models() {
      const { candidates } = await survey()
      const models = candidates.map(({ request }) => request.model).filter((model) => typeof model === 'string')
      return [...new Set(models)].toSorted()
    },
    async miss(identity) {
      const { candidates, damaged } = await survey()
      return new DeltatapeError('fixture_miss', explainMiss(identity, candidates, damaged))
    },
  }
}

const isDamage = (error: unknown): boolean => error instanceof DeltatapeError && error.code === 'fixture_invalid'

function passDamage(error: unknown): undefined {
  if (!isDamage(error)) throw error
}

const unreadable = (name: string) => (cause: unknown) => {
  throw new DeltatapeError('fixture_invalid', `${name} cannot be read: ${systemCode(cause) ?? String(cause)}.`, {
    cause,
  })
}

/** Whether two recordings hold the same request, events and ending; times do not count. */
function sameAnswer(a: Fixture, b: Fixture): boolean {
  return (
    JSON.stringify([a.request, a.ending]) === JSON.stringify([b.request, b.ending]) &&
    a.events.length === b.events.length &&
    a.events.every(({ text }, index) => text === b.events[index]?.text)
  )
}

/** What tells one state of a file from the next, or undefined where there is no file. */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeMs } = await stat(path)
    return `${ino} ${size} ${mtimeMs}`
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** The text up to the first line feed: other characters that end a line for people do not end it here. */
async function firstLine(path: string): Promise<string> {
  const file = await open(path)
  try {
    const chunks: Buffer[] = []
    for (let position = 0; ;) {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.allocUnsafe(CHUNK_BYTES), position })
      const chunk = buffer.subarray(0, bytesRead)
      const end = chunk.indexOf('\n')
      chunks.push(end === -1 ? chunk : chunk.subarray(0, end))
      if (end !== -1 || bytesRead === 0) return Buffer.concat(chunks).toString('utf8')
      position += bytesRead
    }
  } finally {
    await file.close()
  }
}

const CHUNK_BYTES = 16 * 1024

/** How long a rename is tried again where another program holds the file open, as Windows has it. In ms. */
const RENAME_PATIENCE_MS = 1000
const RENAME_PAUSE_MS = 20

/**
 * Writes a fixture so that at any moment its name holds the old text or the new one, whole. Gives false, and writes
 * nothing, where another process has meanwhile put a good answer there and this one is none.
 */
async function writeWhole(dir: string, name: string, fixture: Fixture, clock: Clock): Promise<boolean> {
  const path = join(dir, name)
  const temporary = join(dir, `.${name}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(formatFixture(fixture))
      await file.sync()
    } finally {
      await file.close()
    }
    const deadline = clock.now() + RENAME_PATIENCE_MS
    for (;;) {
      try {
        // In one go, so that nothing comes in between.
        if (!isGood(fixture) && holdsGood(path)) return false
        renameSync(temporary, path)
        return true
      } catch (error) {
        const held = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '')
        if (!held || clock.now() >= deadline) throw error
      }
      await clock.sleep(RENAME_PAUSE_MS, new AbortController().signal)
    }
  } finally {
    await rm(temporary, { force: true })
  }
}

function holdsGood(path: string): boolean {
  try {
    return isGood(parseFixture(readFileSync(path, 'utf8'), path))
  } catch (error) {
    if (isDamage(error) || systemCode(error) === 'ENOENT') return false
    throw error
  }
}
