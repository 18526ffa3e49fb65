/** Where fixtures live: a directory of `*.jsonl` files. Which call it is, and the rules of saving. */
import { LRUCache } from 'lru-cache'
import { rm } from 'node:fs/promises'
import { posix } from 'node:path'
import type { Call } from '../api/call.ts'
import { headerOf } from '../api/headers.ts'
import { bytesOf } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import type { DeltatapeError, MissError } from '../base/errors.ts'
import { isDamage } from '../fixture/damage.ts'
import { formatFixture } from '../fixture/file.ts'
import { type Fixture, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { type Asked, type Identity, askedOf, fileName, keyOf } from '../fixture/key.ts'
import type { Redactor } from '../redact/redactor.ts'
import { createConversations } from './conversation.ts'
import { checkDirectory } from './directory.ts'
import { UnreadableError, pathOf, readText } from './disk.ts'
import { type Survey, createFinder } from './finder.ts'
import { missOf } from './miss.ts'
import { sortInPieces } from './pieces.ts'
import type { Recording } from './playback.ts'
import { alone, writeWhole } from './write.ts'

export interface Store {
  /** The directory, as configured. */
  readonly dir: string
  /**
   * Makes sure that the directory is there and can be read; to write, that it can be made and written to.
   *
   * @throws DeltatapeError `fixtures_unusable`
   */
  check(options: { readonly write: boolean }): Promise<void>
  /** The identity of a call, its conversation resolved among the fixtures. */
  identify(call: Call): Promise<Identity>
  /**
   * Why it is not certain that a call has no fixture, though none was found under its key: the fixture that it continues
   * may be among those that could not be read. Undefined if it is certain.
   */
  doubtOf(identity: Identity): DeltatapeError | undefined
  /** The fixture with this key, whole. Throws `fixture_invalid` if it is damaged, or if something that may be it cannot be read. */
  find(key: string): Promise<StoredFixture | undefined>
  /** The fixture with this key, to be played: one of any size. Throws as {@link find} does. */
  recording(key: string): Promise<Recording | undefined>
  /**
   * Writes a fixture in one step, and takes away others of its key. A recording that brings nothing new changes nothing,
   * and what the model did not finish never replaces what it did, whichever process wrote it. What cannot be read is not
   * written over.
   *
   * @throws what the system says where a file cannot be read or written
   */
  save(fixture: Fixture): Promise<Saved>
  /** The names of all fixtures, sorted; those in sub-directories hold a `/`. */
  list(): Promise<string[]>
  /** The text of a fixture's file, whole or not. Throws `fixture_invalid` if it cannot be read. */
  text(name: string): Promise<string>
  survey(): Promise<Survey>
  /** Writes a fixture in one step, under its own name, in place of the file with this one. */
  replace(name: string, fixture: Fixture): Promise<void>
  /** Takes a fixture away; one that is gone already is no error. */
  remove(name: string): Promise<void>
  /** The models that the fixtures were recorded of, sorted. */
  models(): Promise<string[]>
  /** What a call without a fixture is answered. */
  miss(identity: Identity): Promise<MissError>
}

/** What became of a fixture that was to be saved. */
export interface Saved {
  readonly outcome: 'saved' | 'unchanged' | 'kept'
  /** The fixture of this key that it stands in the place of. */
  readonly replaced?: StoredFixture | undefined
}

export interface StoreOptions {
  readonly dir: string
  readonly redactor: Redactor
  readonly clock: Clock
}

/** How long the calls may be, together, whose identity is kept, and one alone. In bytes of their bodies. */
const IDENTITY_BYTES = 1024 * 1024

/** Opens a directory of fixtures. Files are read when they are asked for; others may write to it meanwhile. */
export function openStore({ dir, redactor, clock }: StoreOptions): Store {
  const finder = createFinder(dir, clock)
  const conversations = createConversations(finder)
  const saveInOrder = createOrder()
  const doubts = new WeakMap<Identity, DeltatapeError>()
  const inConversation = async (asked: Asked, answerId: string): Promise<Identity> => {
    const { identity, doubt } = await conversations.identify(asked, answerId)
    if (doubt) doubts.set(identity, doubt)
    return identity
  }

  const write = async (fixture: Fixture): Promise<Saved> => {
    const before = await finder.find(fixture.key).catch(passOver)
    if (before && !isGood(fixture) && isGood(before)) return { outcome: 'kept' }
    const name = before ? posix.join(posix.dirname(before.name), fileName(fixture)) : fileName(fixture)
    if (before?.name === name && isSame(before, fixture)) return { outcome: 'unchanged' }
    await writeWhole(dir, name, formatFixture(fixture), clock)
    finder.added(name)
    // Somebody may have made a copy since it was recorded. If there was none, that was just now seen.
    if (before) await finder.look()
    for (const other of new Set([...finder.namesakes(name), ...(before ? [before.name] : [])])) {
      if (other === name) continue
      const copy = await finder.sketch(other).catch(passOver)
      if (copy?.key === fixture.key) await rm(pathOf(dir, other), { force: true })
    }
    await finder.sketch(name)
    return { outcome: 'saved', replaced: before }
  }

  return {
    dir,
    check: ({ write }) => checkDirectory(dir, { write, clock }),
    list: finder.list,
    text: (name) => readText(pathOf(dir, name), name),
    find: finder.find,
    recording: finder.recording,
    survey: finder.survey,
    identify: identifier(redactor, inConversation),
    doubtOf: (identity) => doubts.get(identity),
    save(fixture) {
      if (fixture.responseId !== undefined) conversations.saved(fixture.responseId, fixture.key)
      return saveInOrder(fixture.key, () => alone(dir, fixture.key, clock, () => write(fixture)))
    },
    async replace(name, fixture) {
      const next = posix.join(posix.dirname(name), fileName(fixture))
      await alone(dir, fixture.key, clock, () => writeWhole(dir, next, formatFixture(fixture), clock))
      if (next !== name) await rm(pathOf(dir, name), { force: true })
      finder.changed()
    },
    async remove(name) {
      await rm(pathOf(dir, name), { force: true })
      finder.changed()
    },
    async models() {
      const { sketches } = await finder.overview()
      const models = new Set(sketches.map(({ model }) => model).filter((model) => model !== undefined))
      return sortInPieces([...models], clock)
    },
    miss: (identity) => missOf(identity, { finder, redactor, clock }),
  }
}

/** A damaged file is written over. What cannot be read now is not: it fails as the system says. */
function passOver(error: unknown): undefined {
  if (error instanceof UnreadableError) throw error.cause
  if (!isDamage(error)) throw error
}

/** Tells which call it is. Several layers ask of one call; and the same call comes again and again, known by its bytes. */
function identifier(
  redactor: Redactor,
  inConversation: (asked: Asked, answerId: string) => Promise<Identity>,
): (call: Call) => Promise<Identity> {
  const known = new LRUCache<string, Identity>({ maxSize: IDENTITY_BYTES })
  const ofCall = new WeakMap<Call, Identity>()
  const tell = async (call: Call): Promise<Identity> => {
    const { method, path, query, headers, content } = call
    // The type of the body counts, too: one that is not said to be JSON is refused.
    const head = `${method} ${path}${query}\n${headerOf(headers, 'content-type') ?? ''}\n`
    const bytes = head + Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1')
    const before = known.get(bytes)
    if (before) return before
    const asked = askedOf(call, redactor)
    const answerId = call.api.continues(asked.request)
    // What it continues may be recorded meanwhile.
    if (answerId !== undefined) return inConversation(asked, answerId)
    const identity = { key: keyOf(asked), ...asked }
    known.set(bytes, identity, { size: bytes.length })
    return identity
  }
  return async (call) => {
    const before = ofCall.get(call)
    if (before) return before
    const identity = await tell(call)
    ofCall.set(call, identity)
    return identity
  }
}

/** Does the work of one key after another: saves of one call follow each other. */
function createOrder() {
  const last = new Map<string, Promise<unknown>>()
  return async (key: string, work: () => Promise<Saved>): Promise<Saved> => {
    const before = last.get(key)
    const mine = (async () => {
      await before?.catch(() => {})
      return work()
    })()
    last.set(key, mine)
    try {
      return await mine
    } finally {
      if (last.get(key) === mine) last.delete(key)
    }
  }
}

/** Whether two recordings hold the same request, body and ending; times, headers and how the body was cut do not count. */
const isSame = (a: Fixture, b: Fixture): boolean =>
  JSON.stringify([a.requestText, a.ending, a.response?.status]) ===
    JSON.stringify([b.requestText, b.ending, b.response?.status]) && bytesOf(a.records).equals(bytesOf(b.records))
