/** Where fixtures are: which call it is, and the rules of finding and saving, in whichever place. */
import { join, posix } from 'node:path'
import type { Call } from '../api/call.ts'
import type { AnswerRecord } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import type { DeltatapeError, MissError } from '../base/errors.ts'
import type { Beside } from '../fixture/beside.ts'
import { passDamage } from '../fixture/damage.ts'
import { type Fixture, type FixtureFacts, type StoredFixture, continuedBy } from '../fixture/fixture.ts'
import { type Asked as AskedCall, type Identity, fileName } from '../fixture/key.ts'
import type { Match } from '../fixture/match.ts'
import type { Places } from '../fixture/places.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Answers } from './conversation/answers.ts'
import { readBeside, removeFixture, writeFixture } from './read/beside.ts'
import { readContents } from './read/contents.ts'
import { createConversations } from './conversation/conversations.ts'
import type { Driver, Expected } from './driver.ts'
import { type Finder, type Survey, createFinder } from './find/finder.ts'
import { createIdentifier } from './identifier.ts'
import { createIndexed } from './conversation/indexed.ts'
import { createLinks } from './conversation/links.ts'
import type { Asked } from './find/locator.ts'
import { missOf } from './find/miss.ts'
import type { Listing } from './find/names.ts'
import { sortInPieces } from './pieces.ts'
import { type Save, createSaver } from './save.ts'
import type { Playback } from './read/playback.ts'
import { type State, createStates } from './read/state.ts'
import { createSurveyed } from './conversation/surveyed.ts'
import { objectAt, readText, there } from './read/text.ts'
import { type Thread, createThreads } from './conversation/threads.ts'

/** What tells one state of a fixture from the next; `absent` if there is none. */
export type Stamp = string

export interface Store {
  /** Where the fixtures are: the directory as configured, or an address without its password. */
  readonly place: string
  /** The flags with which another command finds the same fixtures, read by the same rules. */
  readonly flags: readonly string[]
  /** The directory, if it is one. */
  readonly dir: string | undefined
  /** What a fixture is called outside of the store: its path, or its address. */
  pathOf(name: string): string
  /**
   * Makes sure that the place can be used; to write, that it can be written to.
   *
   * @throws DeltatapeError `fixtures_unusable`, `store_away`, `store_refused`
   */
  check(options: { readonly write: boolean }): Promise<void>
  /** The identity of a call, its conversation resolved among the fixtures. */
  identify(call: Call): Promise<Identity>
  /**
   * Why it is not certain that a call has no fixture, though none was found under its key: the fixture that it continues
   * may be among those that could not be read. Undefined if it is certain.
   */
  doubtOf(identity: Identity): DeltatapeError | undefined
  /**
   * A take of a call, whole; the first if none is named. Throws `fixture_invalid` if it is damaged, or if something that
   * may be it cannot be read.
   */
  find(asked: Asked, take?: number): Promise<StoredFixture | undefined>
  /**
   * The n-th take of a call, or the last if there are fewer, to be played: one of any size. The first if no number is
   * given. One that is in memory may be there at once. Throws as {@link find} does.
   */
  playback(asked: Asked, nth?: number): Promise<Playback | undefined> | Playback | undefined
  /** The name of a take of a call; the first if none is named. Throws as {@link find} does. */
  nameOf(asked: Asked, take?: number): Promise<string | undefined>
  /** The name of the fixture with a key. All is listed for that: who knows the call asks {@link nameOf}. */
  nameWith(key: string): Promise<string | undefined>
  /** Whether the call with this key has several takes, as far as it is known. */
  hasTakes(key: string): boolean
  /**
   * Writes a fixture in one step, and takes away others of its key. A recording that brings nothing new changes nothing,
   * and what the model did not finish never replaces what it did, whichever process wrote it. What cannot be read is not
   * written over. A take stands in the place of the same take alone.
   *
   * @throws StoreError; what the system says where a file cannot be read or written
   */
  readonly save: Save
  /**
   * Resolves when each fixture that was saved here names the one that it continues, if there is one. In a large folder
   * that may be found after the save.
   */
  linked(): Promise<void>
  /** The names of all fixtures, sorted; those in sub-directories hold a `/`. */
  list(): Promise<readonly string[]>
  /** The text of a fixture's file, whole or not. Throws `fixture_invalid` if it cannot be read. */
  text(name: string): Promise<string>
  /** A fixture as it is now. Throws `fixture_invalid` if it is damaged, is not there, or cannot be read. */
  read(name: string): Promise<StoredFixture>
  /**
   * Reads a fixture of any size to its end, and keeps none of its records; gives what stands around them. Throws as
   * {@link read} does.
   */
  pass(name: string, take: (records: readonly AnswerRecord[]) => void): Promise<FixtureFacts>
  /**
   * How large a fixture is now, and what tells this state of its files from the next: a look, and no reading. Undefined
   * where there is none. Throws `fixture_invalid` where it cannot be looked at.
   */
  state(name: string): Promise<State | undefined>
  /** What stands beside a fixture, as its text says. Has to be closed. */
  beside(name: string, text: string): Promise<Beside>
  /** The names of all that stands beside fixtures, or may, sorted. */
  listBeside(): Promise<readonly string[]>
  survey(): Promise<Survey>
  /** What tells the state that a fixture has now from any other. */
  stamp(name: string): Promise<Stamp>
  /**
   * Writes a fixture in one step, under its own name, in place of the one with this name. Gives false, and leaves what is
   * there, where that has another stamp by now, or something else stands where the fixture would go.
   *
   * @param taken the stamp of what may stand there under the fixture's own name, if that is another
   */
  replace(name: string, fixture: Fixture, stamp: Stamp, taken?: Stamp): Promise<boolean>
  /** Takes a fixture away. Gives false, and leaves it, where it has another stamp by now. */
  remove(name: string, stamp: Stamp): Promise<boolean>
  /** The models that the fixtures were recorded of, sorted. */
  models(): Promise<readonly string[]>
  /** What a call without a fixture is answered. */
  miss(identity: Identity): Promise<MissError>
  /** Lets go of connections. */
  close(): Promise<void>
}

export interface StoreOptions {
  readonly driver: Driver
  readonly redactor: Redactor
  readonly clock: Clock
  /** How many bytes of fixtures are kept to be played, together. */
  readonly memoryBytes?: number | undefined
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
  /** The directories of this machine: a miss tells whether they are what differs. */
  readonly here?: Places | undefined
  /** What is run with `MODEL_MODE=auto` to record a call, for those who miss one. */
  readonly howToRecord?: string | undefined
  /** The flags with which another command finds the same fixtures. */
  readonly flags?: readonly string[] | undefined
}

const MEMORY_BYTES = 64 * 1024 * 1024

/** Opens the fixtures of a place. They are read when they are asked for; others may write to it meanwhile. */
export function openStore(options: StoreOptions): Store {
  const { driver, redactor, clock, memoryBytes = MEMORY_BYTES, match, here, howToRecord, flags = [] } = options
  const finder = createFinder(driver, { clock, memoryBytes, match })
  const { look, nameOf, nameWith } = finder
  const answers = driver.dir === undefined ? createIndexed(driver, finder) : createSurveyed({ driver, finder, clock })
  const { marks } = answers
  const conversations = createConversations(answers)
  const save = createSaver({ driver, finder, answers })
  const threadOf = createThreads(finder, marks, clock)
  const doubts = new WeakMap<Identity, DeltatapeError>()
  const inConversation = async (asked: AskedCall, answerId: string): Promise<Identity> => {
    const { identity, doubt } = await conversations.identify(asked, answerId)
    if (doubt) doubts.set(identity, doubt)
    return identity
  }
  const replace = replacing({ driver, finder, answers })
  const links = createLinks({ finder, replace })
  const states = createStates(driver)

  return {
    place: driver.place,
    flags,
    dir: driver.dir,
    pathOf: (name) => pathIn(driver, name),
    check: (wanted) => driver.check(wanted),
    list: async () => (await look().then(certain)).names(),
    text: (name) => readText(driver, name),
    read: async (name) => there(await finder.whole(name), name).fixture,
    pass: async (name, take) => {
      const { facts } = await readContents(driver, await objectAt(driver, name), ({ records }) => take(records))
      return facts
    },
    state: states.of,
    beside: (name, text) => readBeside(driver, name, text),
    listBeside: async () => sortInPieces((await look()).beside, clock),
    find: async (asked, take) => (await finder.find(asked, take))?.fixture,
    playback: finder.playback,
    nameOf,
    nameWith,
    hasTakes: finder.hasTakes,
    survey: finder.survey,
    identify: createIdentifier(redactor, inConversation, match),
    doubtOf: (identity) => doubts.get(identity),
    async save(fixture, isMeant) {
      if (fixture.responseId !== undefined) conversations.saved(fixture.responseId, fixture.key)
      const { follows, later } = continuedBy(fixture) === undefined ? await threadOf(fixture) : KNOWN
      const saved = await save(follows === undefined ? fixture : { ...fixture, follows }, isMeant)
      marks.add(saved.name, fixture.knownBy ?? [])
      if (later && saved.outcome === 'saved') links.add(fixture, later())
      return saved
    },
    linked: links.done,
    stamp: states.stamp,
    replace,
    remove: removing({ driver, finder, answers }),
    models: async () => sortInPieces(await answers.models(), clock),
    close: () => driver.close(),
    miss: (identity) => missOf(identity, { ...options, finder, flags, here, howToRecord }),
  }
}

/** A fixture names the one that it continues already. */
const KNOWN: Thread = { follows: undefined }

/** What a fixture is called outside: of a directory a path, of an engine an address. */
const pathIn = ({ dir, place }: Driver, name: string): string =>
  dir === undefined ? `${place.replace(/\/$/, '')}/${name}` : join(dir, name)

/** A listing of all that there is. */
function certain(listing: Listing): Listing {
  const [unknown] = listing.unknown
  if (unknown) throw unknown
  return listing
}

interface Parts {
  readonly driver: Driver
  readonly finder: Finder
  readonly answers: Answers
}

const replacing =
  ({ driver, finder, answers }: Parts): Store['replace'] =>
  async (name, fixture, stamp, taken = 'absent') => {
    const next = posix.join(posix.dirname(name), fileName(fixture))
    const expected = expectedFrom(next === name ? stamp : taken)
    if (next !== name && !(await isStill(driver, name, stamp))) return false
    await answers.saving(fixture, next)
    const before = (await finder.whole(next).catch(passDamage))?.fixture
    const version = await writeFixture(driver, { name: next, fixture, expected, before })
    if (version === undefined) return false
    if (before) await answers.removed(before, fixture)
    finder.wrote(next, version, fixture)
    return next === name || removing({ driver, finder, answers })(name, stamp)
  }

const expectedFrom = (stamp: Stamp): Expected => (stamp === 'absent' ? 'absent' : { version: stamp })

async function isStill(driver: Driver, name: string, stamp: Stamp): Promise<boolean> {
  const got = await driver.get(name, { known: stamp, first: 1 })
  return stamp === 'absent' ? got === undefined : got === 'same'
}

const removing =
  ({ driver, finder, answers }: Parts): Store['remove'] =>
  async (name, stamp) => {
    if (stamp === 'absent') return false
    const header = await finder.header(name).catch(passDamage)
    // What is a folder by now is not what was seen.
    const isRemoved = (await removeFixture(driver, name, stamp).catch(passDamage)) ?? false
    if (isRemoved && header) await answers.removed(header)
    return isRemoved
  }
