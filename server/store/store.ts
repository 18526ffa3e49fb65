/** Where fixtures live: a directory of `*.jsonl` files, found by key. */
import { LRUCache } from 'lru-cache'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { DeltatapeError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { isDamage, parseFixture, parseHeader } from '../fixture/file.ts'
import { type Candidate, type Fixture, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { type Identity, NAME_KEY_CHARS, fileName, identify } from '../fixture/key.ts'
import { explainMiss } from '../fixture/nearest.ts'
import type { Redactor } from '../redact/redactor.ts'
import { type FileState, firstLine, listFixtures, readText, stateOf, writeWhole } from './directory.ts'
import { type Recording, inMemory, onDisk } from './playback.ts'

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

  /** Where the directory cannot be read it is a miss that says so: what needs no fixture goes on. */
  const look = async (): Promise<void> => {
    const names = await list().catch(passDamage)
    if (names) named = Map.groupBy(names, keyPartOf)
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
    const line = await firstLine(join(dir, name))
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
    const found =
      known.length + here.length > 0
        ? known
        : (await survey((await list().catch(passDamage)) ?? [])).candidates.filter(holds)
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

function passDamage(error: unknown): undefined {
  if (!isDamage(error)) throw error
}

/** Whether two recordings hold the same request, events and ending; times do not count. */
function sameAnswer(a: Fixture, b: Fixture): boolean {
  return (
    JSON.stringify([a.request, a.ending]) === JSON.stringify([b.request, b.ending]) &&
    a.events.length === b.events.length &&
    a.events.every(({ text }, index) => text === b.events[index]?.text)
  )
}
