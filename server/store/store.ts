/** Where fixtures live: a directory of `*.jsonl` files. Which call it is, and the rules of saving. */
import { posix } from 'node:path'
import type { Call } from '../api/call.ts'
import type { AnswerRecord } from '../api/record.ts'
import type { Clock } from '../base/clock.ts'
import type { DeltatapeError, MissError } from '../base/errors.ts'
import type { Beside } from '../fixture/beside.ts'
import { type Fixture, type FixtureFacts, type StoredFixture, continuedBy } from '../fixture/fixture.ts'
import { type Asked, type Identity, fileName } from '../fixture/key.ts'
import type { Match } from '../fixture/match.ts'
import type { Places } from '../fixture/places.ts'
import type { Redactor } from '../redact/redactor.ts'
import { openBeside, removeStampedFixture, stateWithBeside, writeFixture } from './beside.ts'
import { readContents } from './contents.ts'
import { createConversations } from './conversation.ts'
import { checkDirectory, listDirectory, listIfThere } from './directory.ts'
import { type FileState, pathOf, readText } from './disk.ts'
import { type Finder, type Survey, createFinder } from './finder.ts'
import { createIdentifier } from './identifier.ts'
import { createLinks } from './links.ts'
import { createMarks } from './marks.ts'
import { missOf } from './miss.ts'
import { sortInPieces } from './pieces.ts'
import { type Save, createSaver } from './save.ts'
import type { Recording } from './playback.ts'
import { type Stamp, isFree, isStill, stampOf } from './stamp.ts'
import { type Thread, createThreads } from './threads.ts'
import { alone } from './write.ts'

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
  /**
   * A take of the call with this key, whole; the first if none is named. Throws `fixture_invalid` if it is damaged, or if
   * something that may be it cannot be read.
   */
  find(key: string, take?: number): Promise<StoredFixture | undefined>
  /**
   * The n-th take of the call with this key, or the last if there are fewer, to be played: one of any size. The first if
   * no number is given. Throws as {@link find} does.
   */
  recording(key: string, nth?: number): Promise<Recording | undefined>
  /** The name of a take of the call with this key; the first if none is named. Throws as {@link find} does. */
  nameOf(key: string, take?: number): Promise<string | undefined>
  /** Whether the call with this key has several takes, as far as it is known. */
  hasTakes(key: string): boolean
  /**
   * Writes a fixture in one step, and takes away others of its key. A recording that brings nothing new changes nothing,
   * and what the model did not finish never replaces what it did, whichever process wrote it. What cannot be read is not
   * written over. A take stands in the place of the same take alone.
   *
   * @throws what the system says where a file cannot be read or written
   */
  readonly save: Save
  /**
   * Resolves when each fixture that was saved here names the one that it continues, if there is one. In a large folder
   * that may be found after the save.
   */
  linked(): Promise<void>
  /** The names of all fixtures, sorted; those in sub-directories hold a `/`. */
  list(): Promise<string[]>
  /** The text of a fixture's file, whole or not. Throws `fixture_invalid` if it cannot be read. */
  text(name: string): Promise<string>
  /** A fixture as it is now. Throws `fixture_invalid` if it is damaged, or cannot be read. */
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
  state(name: string): FileState | undefined
  /** Opens what stands beside a fixture once it is asked for. Has to be closed. */
  beside(name: string): Beside
  /** The names of all that stands beside fixtures, or may, sorted. */
  listBeside(): Promise<string[]>
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

export interface StoreOptions {
  readonly dir: string
  /** Whether a directory that is not there is as good as an empty one: nobody has recorded yet. */
  readonly mayBeMissing?: boolean
  readonly redactor: Redactor
  readonly clock: Clock
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
  /** The directories of this machine: a miss tells whether they are what differs. */
  readonly here?: Places | undefined
  /** What is run with `MODEL_MODE=record` to record a call, for those who miss one. */
  readonly howToRecord?: string | undefined
}

/** Opens a directory of fixtures. Files are read when they are asked for; others may write to it meanwhile. */
export function openStore(options: StoreOptions): Store {
  const { dir, mayBeMissing = false, redactor, clock, match, here, howToRecord } = options
  const list = () => (mayBeMissing ? listIfThere(dir) : listDirectory(dir))
  const finder = createFinder(dir, clock, { match, list })
  const conversations = createConversations(finder)
  const save = createSaver({ dir, finder, clock })
  const marks = createMarks(dir, clock)
  const threadOf = createThreads(finder, marks, clock)
  const doubts = new WeakMap<Identity, DeltatapeError>()
  const inConversation = async (asked: Asked, answerId: string): Promise<Identity> => {
    const { identity, doubt } = await conversations.identify(asked, answerId)
    if (doubt) doubts.set(identity, doubt)
    return identity
  }
  const stampNow = (name: string) => stampOf(pathOf(dir, name))
  const replace = replacing(dir, finder, clock)
  const links = createLinks({ finder, stamp: stampNow, replace })

  return {
    dir,
    check: ({ write }) => checkDirectory(dir, { write, mayBeMissing, howToRecord, clock }),
    list: finder.list,
    text: (name) => readText(pathOf(dir, name), name),
    read: finder.whole,
    pass: (name, take) => readContents(dir, name, ({ records }) => take(records)),
    state: (name) => stateWithBeside(dir, name),
    beside: (name) => openBeside(dir, name),
    listBeside: async () => sortInPieces((await list()).beside, clock),
    find: finder.find,
    recording: finder.recording,
    nameOf: finder.nameOf,
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
    stamp: stampNow,
    replace,
    remove: (name, stamp) => (finder.changed(), removeStampedFixture(dir, name, stamp)),
    async models() {
      const { sketches } = await finder.overview()
      const models = new Set(sketches.map(({ model }) => model).filter((model) => model !== undefined))
      return sortInPieces([...models], clock)
    },
    miss: (identity) => missOf(identity, { finder, redactor, clock, here, howToRecord }),
  }
}

/** A fixture names the one that it continues already. */
const KNOWN: Thread = { follows: undefined }

const replacing =
  (dir: string, finder: Finder, clock: Clock): Store['replace'] =>
  async (name, fixture, stamp, taken = 'absent') => {
    const next = posix.join(posix.dirname(name), fileName(fixture))
    const [from, to] = [pathOf(dir, name), pathOf(dir, next)]
    const isAsSeen = () => isStill(from, stamp) && (next === name || isFree(to, taken))
    const write = () => writeFixture(dir, next, fixture, clock, isAsSeen)
    const isWritten = await alone(dir, fixture.key, clock, write)
    finder.changed()
    return isWritten && (next === name || removeStampedFixture(dir, name, stamp))
  }
