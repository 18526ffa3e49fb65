/** Where fixtures live: a directory of `*.jsonl` files. Which call it is, and the rules of saving. */
import { LRUCache } from 'lru-cache'
import { rm } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Call } from '../api/call.ts'
import { headerOf } from '../api/headers.ts'
import { bytesOf } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import { MissError } from '../base/errors.ts'
import { type Fixture, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { type Identity, askedOf, fileName, keyOf } from '../fixture/key.ts'
import { explainMiss } from '../fixture/nearest.ts'
import type { Redactor } from '../redact/redactor.ts'
import { createConversations } from './conversation.ts'
import { checkDirectory, readText, writeWhole } from './directory.ts'
import { type Survey, createFinder, passDamage } from './finder.ts'
import type { Recording } from './playback.ts'
import { type Stamp, isFree, isStill, removeStamped, stampOf } from './stamp.ts'

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
  /** The fixture with this key, whole. Throws `fixture_invalid` if it is damaged. */
  find(key: string): Promise<StoredFixture | undefined>
  /** The fixture with this key, to be played: one of any size. Throws `fixture_invalid` if it is damaged. */
  recording(key: string): Promise<Recording | undefined>
  /**
   * Writes a fixture in one step, and takes away others of its key. A recording that brings nothing new changes nothing,
   * and what the model did not finish never replaces what it did.
   */
  save(fixture: Fixture): Promise<Saved>
  /** The names of all fixtures, sorted; those in sub-directories hold a `/`. */
  list(): Promise<string[]>
  /** The text of a fixture's file, whole or not. Throws `fixture_invalid` if it cannot be read. */
  text(name: string): Promise<string>
  survey(): Promise<Survey>
  /** What tells the content that a fixture's file has now from any other. */
  stamp(name: string): Stamp
  /**
   * Writes a fixture in one step, under its own name, in place of the file with this one. Gives false, and leaves what is
   * there, where that file has another stamp by now, or another file stands where the fixture would go.
   *
   * @param taken the stamp of what may stand there under the fixture's own name, if that is another
   */
  replace(name: string, fixture: Fixture, stamp: Stamp, taken?: Stamp): Promise<boolean>
  /** Takes a fixture away. Gives false, and leaves it, where it has another stamp by now. */
  remove(name: string, stamp: Stamp): boolean
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

  return {
    dir,
    check: ({ write }) => checkDirectory(dir, { write, clock }),
    list: finder.list,
    text: (name) => readText(join(dir, name), name),
    find: finder.find,
    recording: finder.recording,
    survey: finder.survey,
    identify: identifier(redactor, conversations.identify),
    save(fixture) {
      if (fixture.responseId !== undefined) conversations.saved(fixture.responseId, fixture.key)
      return saveInOrder(fixture.key, async () => {
        const before = await finder.find(fixture.key).catch(passDamage)
        if (before && !isGood(fixture) && isGood(before)) return { outcome: 'kept' }
        const name = before ? posix.join(posix.dirname(before.name), fileName(fixture)) : fileName(fixture)
        if (before?.name === name && isSame(before, fixture)) return { outcome: 'unchanged' }
        if (!(await writeWhole(dir, name, fixture, clock))) return { outcome: 'kept' }
        finder.added(name)
        // Somebody may have made a copy since it was recorded. If there was none, that was just now seen.
        if (before) await finder.look()
        for (const other of new Set([...finder.namesakes(name), ...(before ? [before.name] : [])])) {
          if (other === name) continue
          const header = await finder.header(other).catch(passDamage)
          if (header?.key === fixture.key) await rm(join(dir, other), { force: true })
        }
        await finder.header(name)
        return { outcome: 'saved', replaced: before }
      })
    },
    stamp: (name) => stampOf(join(dir, name)),
    async replace(name, fixture, stamp, taken = 'absent') {
      const next = posix.join(posix.dirname(name), fileName(fixture))
      const [from, to] = [join(dir, name), join(dir, next)]
      const isAsSeen = () => isStill(from, stamp) && (next === name || isFree(to, taken))
      const isWritten = await writeWhole(dir, next, fixture, clock, isAsSeen)
      finder.changed()
      return isWritten && (next === name || removeStamped(from, stamp))
    },
    remove: (name, stamp) => (finder.changed(), removeStamped(join(dir, name), stamp)),
    async models() {
      const { candidates } = await finder.survey()
      const models = candidates.map(({ request }) => request.model).filter((model) => typeof model === 'string')
      return [...new Set(models)].toSorted()
    },
    async miss(identity) {
      const wanted = fileName(identity)
      const { candidates, damaged } = await finder.survey()
      const misnamed = candidates.find(({ key }) => key === identity.key)
      if (!misnamed) return new MissError(explainMiss(identity, candidates, damaged), wanted)
      const told = `${misnamed.name} is the fixture for this request, and its name says otherwise. Rename it to ${wanted}.`
      return new MissError(told, wanted)
    },
  }
}

/** Tells which call it is. Several layers ask of one call; and the same call comes again and again, known by its bytes. */
function identifier(
  redactor: Redactor,
  inConversation: (asked: Omit<Identity, 'key'>, answerId: string) => Promise<Identity>,
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
