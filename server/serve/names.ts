/**
 * The clients that name themselves in the address (`/@name/…`): who calls under a name, what was asked under it, and how
 * its answers are broken on purpose. Clients choose the names, so there is a bound to all that is kept for them.
 */
import type { Call, Caller } from '../api/call.ts'
import type { Wanted } from '../api/said.ts'
import { DeltatapeError } from '../base/errors.ts'
import { quoted } from '../base/name.ts'
import { weightOf } from '../base/weight.ts'
import { type Answers, type Wish, createAnswers } from './answers.ts'

export interface Names {
  /** Who calls under a name. What was not known begins here, in the place of the one that was idle for longest. */
  caller(name: string): Caller
  /** A call of a client begins. Gives what takes the account of it, as JSON text, once it is over. */
  begin(caller: Caller): (told: string) => void
  /** Tells what was asked under a name, in the order in which it was asked, and forgets it. What is not over is told later. */
  tell(name: string): Turns
  /** Breaks the answers to the next calls under a name, so many times; nothing breaks any more without words. */
  breakNext(name: string, words: string | undefined, times: number): void
  /** The words of the fault that the next call of a client gets. They count as used. */
  faultFor(caller: Caller): string | undefined
  /**
   * Answers calls under a name as is wished, whatever is recorded, until that name ends.
   *
   * @throws DeltatapeError `too_large` if there is no room for the answer
   */
  answer(name: string, wish: Wish): void
  /** What the next call of a client is to be answered. It counts as given. */
  answerFor(caller: Caller, call: Call): Wanted | undefined
  /** Ends a name: whoever calls under it next is somebody new. */
  end(name: string): void
  /** The names that are known. */
  known(): readonly string[]
}

export interface Turns {
  /** The accounts of calls, as JSON texts. */
  readonly told: readonly string[]
  /** How many were forgotten since the last time, as there was no room for them. */
  readonly forgotten: number
}

/** How many names are known at a time: more than workers and tests that run at once have. */
const MAX_NAMES = 1000

/** How many calls are remembered of one name: more than a test makes before it asks. */
const MAX_TURNS = 1000

/** How much all that is remembered may take, in bytes: a hundred thousand calls, or so. */
const MAX_TURNS_BYTES = 32 * 1024 * 1024

const TURN_BYTES = 100

/** How much all answers may take that clients want, in bytes. */
const MAX_ANSWERS_BYTES = 64 * 1024 * 1024

/** Takes the name off a path. Some programs write `@` as `%40`. */
const NAMED = /^\/(?:@|%40)([^/]*)(.*)$/s

const NAME = /^[\w.~-]{1,64}$/

/** A path, and the name that stood in front of it. */
export interface Named {
  readonly name?: string | undefined
  /** The path without the name. */
  readonly path: string
  /** Why what stood there is no name. */
  readonly flaw?: DeltatapeError
}

/** The header in which a client that has one address for all it does says for whom it asks. */
export const NAME_HEADER = 'x-deltatape-name'

/**
 * Takes the name off a path, if there is one in front of it.
 *
 * @param told what the client says in its header, which counts first
 */
export function withoutName(path: string, told?: string): Named {
  const [, name, rest] = NAMED.exec(path) ?? []
  if (told !== undefined && !NAME.test(told)) return { path, flaw: noName(told, `in the header ${NAME_HEADER}`) }
  if (name === undefined) return { name: told, path }
  if (!NAME.test(name)) return { path, flaw: noName(`@${name}`, 'in front of the path') }
  return { name: told ?? name, path: rest || '/' }
}

const noName = (word: string, where: string) =>
  new DeltatapeError(
    'invalid_input',
    `${quoted(word)} ${where} is no name. A name has 1 to 64 characters: letters of ASCII, digits, and _ . ~ -.`,
  )

const noRoom = (name: string) =>
  new DeltatapeError(
    'too_large',
    `There is no room for this answer: those that are wanted under names take ${MAX_ANSWERS_BYTES} bytes together at most. DELETE /@${name} forgets those of this name.`,
  )

/** What was asked once; undefined while it is not over. */
interface Turn {
  told: string | undefined
}

/** What is known of one name. */
interface Entry {
  readonly caller: Caller
  readonly turns: Set<Turn>
  forgotten: number
  running: number
  fault: { readonly words: string; times: number } | undefined
  answers: Answers | undefined
}

/** What is known of the names. */
function createEntries(ended: (entry: Entry) => void) {
  /** The one that was used last comes last. */
  const entries = new Map<string, Entry>()
  let begun = 0
  const end = (name: string): void => {
    const entry = entries.get(name)
    if (entry) ended(entry)
    entries.delete(name)
  }
  /** The name that was idle for longest, or else the one that was used the longest ago. */
  const oldest = (): string | undefined => {
    for (const [name, { running }] of entries) if (running === 0) return name
    return entries.keys().next().value
  }
  return {
    all: () => entries.values(),
    known: () => [...entries.keys()],
    get: (name: string) => entries.get(name),
    /** What is known of a client, if its name has not ended. */
    of(caller: Caller): Entry | undefined {
      const entry = entries.get(caller.name)
      return entry?.caller === caller ? entry : undefined
    },
    use(name: string): Entry {
      const known = entries.get(name)
      if (known) entries.delete(name)
      else if (entries.size >= MAX_NAMES) end(oldest() ?? '')
      const caller = { name, id: ++begun }
      const entry = known ?? {
        caller,
        turns: new Set<Turn>(),
        forgotten: 0,
        running: 0,
        fault: undefined,
        answers: undefined,
      }
      entries.set(name, entry)
      return entry
    },
    end,
  }
}

export function createNames(): Names {
  const book = createBook(() => entries.all())
  const entries = createEntries(book.clear)
  return {
    caller: (name) => entries.use(name).caller,
    begin(caller) {
      const entry = entries.of(caller)
      if (!entry) return () => {}
      const turn = book.open(entry)
      entry.running++
      return (told) => {
        entry.running--
        book.close(entry, turn, told)
      }
    },
    tell(name) {
      const entry = entries.get(name)
      return entry ? book.tell(entry) : { told: [], forgotten: 0 }
    },
    breakNext(name, words, times) {
      entries.use(name).fault = words === undefined ? undefined : { words, times }
    },
    faultFor(caller) {
      const entry = entries.of(caller)
      if (!entry?.fault) return undefined
      const { words } = entry.fault
      if (--entry.fault.times <= 0) entry.fault = undefined
      return words
    },
    answer(name, wish) {
      const entry = entries.use(name)
      const taken = [...entries.all()].reduce((sum, { answers }) => sum + (answers?.weight ?? 0), 0)
      if (taken + wish.weight > MAX_ANSWERS_BYTES) throw noRoom(name)
      entry.answers ??= createAnswers()
      entry.answers.add(wish)
    },
    answerFor: (caller, call) => entries.of(caller)?.answers?.next(call),
    end: entries.end,
    known: entries.known,
  }
}

/** Keeps what was asked, within bounds. */
function createBook(all: () => Iterable<Entry>) {
  let bytes = 0
  const remove = ({ turns }: Entry, turn: Turn): void => {
    if (turns.delete(turn) && turn.told !== undefined) bytes -= TURN_BYTES + weightOf(turn.told)
  }
  const forget = (entry: Entry, turn: Turn): void => {
    remove(entry, turn)
    entry.forgotten++
  }
  const makeRoom = (): void => {
    for (const entry of all()) {
      for (const turn of entry.turns) {
        if (bytes <= MAX_TURNS_BYTES) return
        if (turn.told !== undefined) forget(entry, turn)
      }
    }
  }
  return {
    open(entry: Entry): Turn {
      const turn: Turn = { told: undefined }
      entry.turns.add(turn)
      const [first] = entry.turns
      if (first && entry.turns.size > MAX_TURNS) forget(entry, first)
      return turn
    },
    /** A call is over, and there may be no place for it any more. */
    close(entry: Entry, turn: Turn, told: string): void {
      if (!entry.turns.has(turn)) return
      turn.told = told
      bytes += TURN_BYTES + weightOf(told)
      makeRoom()
    },
    tell(entry: Entry): Turns {
      const { forgotten } = entry
      entry.forgotten = 0
      const told: string[] = []
      for (const turn of entry.turns) {
        if (turn.told === undefined) continue
        remove(entry, turn)
        told.push(turn.told)
      }
      return { told, forgotten }
    },
    clear(entry: Entry): void {
      for (const turn of entry.turns) remove(entry, turn)
    },
  }
}
