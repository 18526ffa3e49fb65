/** Where fixtures live: a directory of `*.jsonl` files, found by key. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
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
import { isSuccess } from './model/model.ts'
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
  /** Writes a fixture in one step and takes away others of its key; a recording that brought nothing new changes nothing. */
  save(fixture: Fixture): Promise<{ readonly name: string; readonly changed: boolean }>
  /** The file names of all fixtures, sorted. */
  list(): Promise<string[]>
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
export const isGood = (fixture: Fixture): boolean => fixture.events.some(isSuccess)

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
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    throw unusable(dir, WHY_UNUSABLE[code] ?? `cannot be used: ${code}`, error)
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

/** What was read from a file, and the state of the file that it was read from. */
interface Kept<T> {
  readonly version: string
  readonly value: T
}

/** Opens a directory of fixtures. Files are read when they are asked for; others may write to it meanwhile. */
export function openStore({ dir, redactor, clock }: StoreOptions): Store {
  const fixtures = new LRUCache<string, Kept<StoredFixture>>({ maxSize: CACHE_CHARS })
  const headers = new LRUCache<string, Kept<Candidate>>({ maxSize: CACHE_CHARS })
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
    const kept = fixtures.get(name)
    if (kept?.version === version) return kept.value
    const text = await readFile(join(dir, name), 'utf8').catch(unreadable(name))
    const value = { ...parseFixture(text, name), name }
    fixtures.set(name, { version, value }, { size: text.length + 1 })
    return value
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

  const find = async (key: string): Promise<StoredFixture | undefined> => {
    const found = await findNamed(key)
    if (found) return found
    await look()
    return findNamed(key)
  }

  /** The headers of all fixtures, and the names of those that are damaged. Costs a stat a file; what changed is read. */
  const survey = async (): Promise<{ candidates: Candidate[]; damaged: string[] }> => {
    const candidates: Candidate[] = []
    const damaged: string[] = []
    for (const name of await list()) {
      const header = await readHeader(name).catch((error: unknown) => {
        if (!isDamage(error)) throw error
        damaged.push(name)
      })
      if (header) candidates.push(header)
    }
    return { candidates, damaged }
  }

  /**
   * The fixtures that hold the answer with this id, the last recorded first. Looks among the headers known already
   * before all others, so that a conversation costs no survey a turn.
   */
  const withAnswer = async (responseId: string): Promise<Candidate[]> => {
    const names = [...headers].filter(([, { value }]) => value.responseId === responseId).map(([name]) => name)
    const reread = await Promise.all(names.map((name) => readHeader(name).catch(passDamage)))
    const holds = (candidate: Candidate) => candidate.responseId === responseId
    const known = reread.filter((candidate) => candidate !== undefined).filter(holds)
    const found = known.length > 0 ? known : (await survey()).candidates.filter(holds)
    return found.toSorted((a, b) => b.recorded.at.localeCompare(a.recorded.at) || a.name.localeCompare(b.name))
  }

  /**
   * The API gives every answer an id of its own, but not all that stands in for it does. Where several fixtures hold
   * an answer with this id, the one counts whose continuation was recorded, or else the last.
   */
  const identifyHere = async (body: JsonObject): Promise<Identity> => {
    const previous = typeof body.previous_response_id === 'string' ? await withAnswer(body.previous_response_id) : []
    const identities =
      previous.length > 0 ? previous.map(({ key }) => identify(body, redactor, key)) : [identify(body, redactor)]
    const [first = identify(body, redactor)] = identities
    if (identities.length === 1) return first
    for (const identity of identities) if (await find(identity.key).catch(passDamage)) return identity
    return first
  }

  return {
    dir,
    list,
    find,
    identify: identifyHere,
    async save(fixture) {
      const name = fileName(fixture)
      const before = await read(name).catch(passDamage)
      if (before && sameAnswer(before, fixture)) return { name, changed: false }
      await writeWhole(dir, name, formatFixture(fixture), clock)
      await look()
      for (const other of named.get(fixture.key.slice(0, NAME_KEY_CHARS)) ?? []) {
        if (other === name) continue
        const header = await readHeader(other).catch(passDamage)
        if (header?.key === fixture.key) await rm(join(dir, other), { force: true })
      }
      await readHeader(name)
      return { name, changed: true }
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
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      const end = chunk.indexOf('\n')
      chunks.push(end === -1 ? chunk : chunk.subarray(0, end))
      if (end !== -1) break
    }
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    await file.close()
  }
}

/** How long a rename is tried again where another program holds the file open, as Windows has it. In ms. */
const RENAME_PATIENCE_MS = 1000
const RENAME_PAUSE_MS = 20

/** Writes a file so that at any moment its name holds the old text or the new one, whole. */
async function writeWhole(dir: string, name: string, text: string, clock: Clock): Promise<void> {
  const temporary = join(dir, `.${name}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await renamePatiently(temporary, join(dir, name), clock)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function renamePatiently(from: string, to: string, clock: Clock): Promise<void> {
  const deadline = clock.now() + RENAME_PATIENCE_MS
  for (;;) {
    try {
      return await rename(from, to)
    } catch (error) {
      const held = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '')
      if (!held || clock.now() >= deadline) throw error
      await clock.sleep(RENAME_PAUSE_MS, new AbortController().signal)
    }
  }
}
