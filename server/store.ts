/** Where fixtures live: a directory of `*.jsonl` files, found by key. */
import { randomBytes } from 'node:crypto'
import { constants, readFileSync, renameSync, statSync, type Stats } from 'node:fs'
import { access, mkdir, open, readFile, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { DeltatapeError, systemCode } from './errors.ts'
import {
  NAME_KEY_CHARS,
  createFixtureReader,
  fileName,
  formatFixture,
  identify,
  parseFixture,
  parseHeader,
  type Fixture,
  type Frame,
  type Identity,
} from './fixture.ts'
import type { JsonObject } from './json.ts'
import { explainMiss, type Candidate } from './miss.ts'
import { MAX_BATCH_CHARS, isFinished, isTerminal, type ModelEvent } from './model/model.ts'
import type { Clock } from './pace.ts'
import type { Redactor } from './redact.ts'

/** A fixture and the name of its file. */
export interface StoredFixture extends Fixture {
  readonly name: string
}

/** A fixture to be played. */
export interface Recording extends Frame {
  readonly name: string
  /** Whether the model finished: an answer that a failure must not replace. */
  readonly isGood: boolean
  /**
   * The events in order, in parts of at most {@link MAX_BATCH_CHARS} but for a larger single event. A fixture that is
   * kept in memory gives the very same parts each time, frozen; a large one is read anew.
   */
  parts(): Iterable<readonly ModelEvent[]> | AsyncIterable<readonly ModelEvent[]>
}

export interface Store {
  /** The directory, as configured. */
  readonly dir: string
  /** The identity of a request, its conversation resolved among the fixtures. */
  identify(body: JsonObject): Promise<Identity>
  /** The fixture with this key, whole. Throws `fixture_invalid` where it is damaged. */
  find(key: string): Promise<StoredFixture | undefined>
  /** The fixture with this key, to be played: one of any size. Throws `fixture_invalid` where it is damaged. */
  recording(key: string): Promise<Recording | undefined>
  /**
   * Writes a fixture in one step, and takes away others of its key. A recording that brings nothing new changes nothing,
   * and what the model did not finish never replaces what it did.
   */
  save(fixture: Fixture): Promise<Saved>
  /** The file names of all fixtures, sorted. */
  list(): Promise<string[]>
  /** The text of a fixture's file, whole or not. Throws `fixture_invalid` where it cannot be read. */
  text(name: string): Promise<string>
  /** The headers of all fixtures, by the order of their names, and the names of those that are damaged. */
  survey(): Promise<{ readonly candidates: readonly Candidate[]; readonly damaged: readonly string[] }>
  /** Writes a fixture in one step, under its own name, in place of the file with this one. */
  replace(name: string, fixture: Fixture): Promise<void>
  /** Takes a fixture away; one that is gone already is no error. */
  remove(name: string): Promise<void>
  /** The models that the fixtures were recorded of, sorted. */
  models(): Promise<string[]>
  /** What a request without a fixture is answered. */
  miss(identity: Identity): Promise<DeltatapeError>
}

/** What became of a fixture that was to be saved. */
export interface Saved {
  readonly outcome: 'saved' | 'unchanged' | 'kept'
  /** The fixture of this key that it stands in the place of. */
  readonly replaced?: StoredFixture
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

/** The file names of the fixtures in a directory, sorted; none where there is no directory. */
export async function listFixtures(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => name.endsWith('.jsonl') && !name.startsWith('.')).toSorted()
}

/**
 * The text of a fixture's file.
 *
 * @param name what it is called in the message
 * @throws DeltatapeError `fixture_invalid` where it cannot be read
 */
export const readText = (path: string, name: string): Promise<string> => readFile(path, 'utf8').catch(unreadable(name))

/** How large the files may be whose fixtures are kept in memory, together, and one alone. In bytes. */
const KEPT_BYTES = 4 * 1024 * 1024
const MAX_KEPT_BYTES = 1 * 1024 * 1024

/** How many headers are kept, and what is known of large fixtures. */
const MAX_HEADERS = 100_000
const MAX_LARGE = 1000

/** How long the requests may be, together, whose identity is kept. In characters of JSON. */
const IDENTITY_CHARS = 1024 * 1024

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
  const recordings = new LRUCache<string, Kept<Recording>>({ maxSize: KEPT_BYTES })
  const large = new LRUCache<string, Kept<Recording>>({ max: MAX_LARGE })
  const headers = new LRUCache<string, Kept<Candidate>>({ max: MAX_HEADERS })
  const identities = new LRUCache<string, Identity>({ maxSize: IDENTITY_CHARS })
  /** The keys that this process saved an answer with this id under, the last first: a later recording has another id. */
  const answered = new LRUCache<string, readonly string[]>({ max: MAX_ANSWERS })
  /** The last save of each key that is under way: saves of one key follow one another. */
  const saving = new Map<string, Promise<unknown>>()
  /** The names of the files by the part of the key in them, as of the last look at the directory. */
  let named = new Map<string, string[]>()

  /** The states of files as they were seen in this turn of the event loop: all that came with it may share them. */
  const states = new Map<string, FileState | undefined>()

  const stateNow = (name: string): FileState | undefined => {
    if (states.has(name)) return states.get(name)
    if (states.size === 0) setImmediate(() => states.clear())
    const state = stateOf(join(dir, name))
    states.set(name, state)
    return state
  }

  const list = () => listFixtures(dir)

  const look = async (): Promise<void> => {
    named = Map.groupBy(await list(), keyPartOf)
  }

  const read = async (name: string): Promise<StoredFixture> => ({
    ...parseFixture(await readText(join(dir, name), name), name),
    name,
  })

  const readRecording = async (name: string): Promise<Recording | undefined> => {
    const state = stateNow(name)
    if (state === undefined) return undefined
    const kept = recordings.get(name) ?? large.get(name)
    if (kept?.version === state.version) return kept.value
    const fits = state.bytes <= MAX_KEPT_BYTES
    const value = fits ? inMemory(await read(name)) : await onDisk(dir, name, state.version)
    if (fits) recordings.set(name, { version: state.version, value }, { size: state.bytes + 1 })
    else large.set(name, { version: state.version, value })
    return value
  }

  const readHeader = async (name: string): Promise<Candidate | undefined> => {
    const state = stateNow(name)
    if (state === undefined) return undefined
    const kept = headers.get(name)
    if (kept?.version === state.version) return kept.value
    const line = await firstLine(join(dir, name)).catch(unreadable(name))
    const value = { ...parseHeader(line, name), name }
    headers.set(name, { version: state.version, value })
    return value
  }

  type Reader<T> = (name: string) => Promise<T | undefined>

  const locateNamed = async <T extends Identity>(key: string, readOne: Reader<T>): Promise<T | undefined> => {
    for (const name of named.get(key.slice(0, NAME_KEY_CHARS)) ?? []) {
      const found = await readOne(name)
      if (found?.key === key) return found
    }
    return undefined
  }

  /** Looks where the name says, then at the directory anew, and then into those whose name says nothing. */
  const locate = async <T extends Identity>(key: string, readOne: Reader<T>): Promise<T | undefined> => {
    const found = await locateNamed(key, readOne)
    if (found) return found
    await look()
    const anew = await locateNamed(key, readOne)
    if (anew) return anew
    const { candidates } = await survey(named.get(NO_KEY) ?? [])
    const renamed = candidates.find((candidate) => candidate.key === key)
    return renamed && readOne(renamed.name)
  }

  const find = async (key: string): Promise<StoredFixture | undefined> => {
    const header = await locate(key, readHeader)
    return header && read(header.name)
  }

  /** The headers of these fixtures, and the names of those that are damaged. Costs a stat a file; what changed is read. */
  const survey = async (names: readonly string[]): Promise<{ candidates: Candidate[]; damaged: string[] }> => {
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
    const found = known.length + here.length > 0 ? known : (await survey(await list())).candidates.filter(holds)
    const inOrder = found
      .filter((candidate) => candidate !== undefined)
      .toSorted((a, b) => b.recorded.at.localeCompare(a.recorded.at) || a.name.localeCompare(b.name))
    return [...new Set([...here, ...inOrder.map(({ key }) => key)])]
  }

  /** The same question is asked again and again. */
  const identifyAlone = (body: JsonObject): Identity => {
    const text = JSON.stringify(body)
    const known = identities.get(text)
    if (known) return known
    const identity = identify(body, redactor)
    identities.set(text, identity, { size: text.length })
    return identity
  }

  /**
   * The API gives every answer an id of its own, but not all that stands in for it does. Where several fixtures hold
   * an answer with this id, the one counts whose continuation was recorded, or else the last.
   */
  const identifyHere = async (body: JsonObject): Promise<Identity> => {
    if (body.previous_response_id === undefined) return identifyAlone(body)
    const keys = typeof body.previous_response_id === 'string' ? await keysOf(body.previous_response_id) : []
    const [last, ...older] = keys.map((key) => identify(body, redactor, key))
    if (last === undefined || older.length === 0) return last ?? identify(body, redactor)
    for (const identity of [last, ...older])
      if (await locate(identity.key, readHeader).catch(passDamage)) return identity
    return last
  }

  const saveAlone = async (fixture: Fixture): Promise<Saved> => {
    const name = fileName(fixture)
    const before = await find(fixture.key).catch(passDamage)
    if (before && !isGood(fixture) && isGood(before)) return { outcome: 'kept' }
    if (before?.name === name && sameAnswer(before, fixture)) return { outcome: 'unchanged' }
    if (!(await writeWhole(dir, name, fixture, clock))) return { outcome: 'kept' }
    states.clear()
    // Anew: somebody may have made a copy since.
    await look()
    const namesakes = named.get(keyPartOf(name)) ?? []
    for (const other of new Set([...namesakes, ...(before ? [before.name] : [])])) {
      if (other === name) continue
      const header = await readHeader(other).catch(passDamage)
      if (header?.key === fixture.key) await rm(join(dir, other), { force: true })
    }
    await readHeader(name)
    return { outcome: 'saved', ...(before ? { replaced: before } : {}) }
  }

  return {
    dir,
    list,
    text: (name) => readText(join(dir, name), name),
    find,
    recording: (key) => locate(key, readRecording),
    survey: async () => survey(await list()),
    async replace(name, fixture) {
      const next = fileName(fixture)
      if ((await writeWhole(dir, next, fixture, clock)) && next !== name) await rm(join(dir, name), { force: true })
      states.clear()
    },
    async remove(name) {
      await rm(join(dir, name), { force: true })
      states.clear()
    },
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
      const { candidates } = await survey(await list())
      const models = candidates.map(({ request }) => request.model).filter((model) => typeof model === 'string')
      return [...new Set(models)].toSorted()
    },
    async miss(identity) {
      const { candidates, damaged } = await survey(await list())
      const misnamed = candidates.find(({ key }) => key === identity.key)
      if (misnamed) {
        const told = `${misnamed.name} is the fixture for this request, and its name says otherwise. Rename it to ${fileName(identity)}.`
        return new DeltatapeError('fixture_miss', told)
      }
      return new DeltatapeError('fixture_miss', explainMiss(identity, candidates, damaged))
    },
  }
}

/** The part of the key in the name of a file, or {@link NO_KEY} where there is none. */
const keyPartOf = (name: string): string => /-([0-9a-f]{12})\.jsonl$/.exec(name)?.[1] ?? NO_KEY

const NO_KEY = ''

/** Whether an error says that a fixture is damaged. */
export const isDamage = (error: unknown): error is DeltatapeError =>
  error instanceof DeltatapeError && error.code === 'fixture_invalid'

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

interface FileState {
  readonly bytes: number
  /** What tells one state of a file from the next. */
  readonly version: string
}

/** Undefined where there is no file. Asked for each turn, so not by way of the thread pool: that costs ten times as much. */
function stateOf(path: string): FileState | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found && { bytes: found.size, version: versionOf(found) }
}

/** `ctime` tells of an edit that puts the other time back. */
const versionOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string => `${ino} ${size} ${mtimeMs} ${ctimeMs}`

function inMemory({ events, ...frame }: StoredFixture): Recording {
  const parts = [...inParts(events)].map((part) => Object.freeze(part))
  return { ...frame, isGood: isGood({ ...frame, events }), parts: () => parts }
}

/** Reads a large fixture to its end to see that it is whole, and again each time that it is played. */
async function onDisk(dir: string, name: string, version: string): Promise<Recording> {
  const reader = createFixtureReader(name)
  let first: ModelEvent | undefined
  for await (const lines of linesOf(join(dir, name))) {
    for (const line of lines) {
      const event = reader.line(line)
      if (!first && event && isTerminal(event)) first = event
    }
  }
  const frame = reader.end()
  return {
    ...frame,
    name,
    isGood: frame.ending.end === 'complete' && first !== undefined && isFinished([first]),
    async *parts() {
      const again = createFixtureReader(name)
      for await (const lines of linesOf(join(dir, name), (file) => hasNotChanged(file, name, version))) {
        yield* inParts(lines.flatMap((line) => again.line(line) ?? []))
      }
      // It may have been cut off while it was played.
      again.end()
    },
  }
}

async function hasNotChanged(file: FileHandle, name: string, version: string): Promise<void> {
  if (versionOf(await file.stat()) === version) return
  throw new DeltatapeError('fixture_invalid', `${name} was written anew just as it was to be played. Ask again.`)
}

/** Cuts events into batches. */
function* inParts(events: readonly ModelEvent[]): Generator<readonly ModelEvent[]> {
  let start = 0
  let size = 0
  for (const [index, { text }] of events.entries()) {
    size += text.length
    if (index === start || size <= MAX_BATCH_CHARS) continue
    yield events.slice(start, index)
    start = index
    size = text.length
  }
  if (start < events.length) yield events.slice(start)
}

/** The text up to the first line feed. */
async function firstLine(path: string): Promise<string> {
  for await (const [line] of linesOf(path)) if (line !== undefined) return line
  return ''
}

/**
 * The lines of a file, some at a time; at most one of them and a chunk are in memory. A line ends with a line feed:
 * other characters that end a line for people do not end it here.
 *
 * @param check called once the file is open: whatever becomes of its name then, it is this file that is read
 */
async function* linesOf(path: string, check?: (file: FileHandle) => Promise<void>): AsyncGenerator<string[]> {
  const file = await open(path)
  try {
    await check?.(file)
    let rest: Buffer[] = []
    // One for all: garbage outside of V8's heap is long not looked at.
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read({ buffer })
      const chunk = buffer.subarray(0, bytesRead)
      const lines: string[] = []
      let start = 0
      for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
        const line = chunk.subarray(start, end)
        lines.push((rest.length > 0 ? Buffer.concat([...rest, line]) : line).toString('utf8'))
        rest = []
        start = end + 1
      }
      if (start < bytesRead) rest.push(Buffer.from(chunk.subarray(start)))
      if (bytesRead === 0 && rest.length > 0) lines.push(Buffer.concat(rest).toString('utf8'))
      if (lines.length > 0) yield lines
      if (bytesRead === 0) return
    }
  } finally {
    await file.close()
  }
}

const CHUNK_BYTES = 64 * 1024

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
        if (isGood(fixture)) {
          await rename(temporary, path)
          return true
        }
        // In one go, so that nothing comes in between.
        if (holdsGood(path)) return false
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
