/**
 * What a place for fixtures has to do: the smallest set of operations on named, versioned, whole objects. The rules of
 * saving, finding, conversations, takes and misses stand above it and know no engine.
 */
import type { Clock } from '../base/clock.ts'
import { DeltatapeError } from '../base/errors.ts'

/** What a listing says of an object. */
export interface Entry {
  /** With `/` between the folders. */
  readonly name: string
  /** As {@link Found} has it, where a listing tells it: a directory would have to look at each file. */
  readonly version?: string | undefined
  readonly bytes?: number | undefined
}

/** A part of a listing. */
export interface Page {
  readonly entries: readonly Entry[]
  /** Why a part of the place could not be listed: nobody knows what is in there. */
  readonly unknown?: readonly DeltatapeError[] | undefined
}

/** An object as it is now. */
export interface Found {
  readonly name: string
  /** Tells one state of an object from the next; compared, never read. */
  readonly version: string
  /** The length of all of it, be it that only a part was asked for. */
  readonly bytes: number
  /**
   * The bytes, in order, in pieces of at most some MiB; a plain iterable if they are at hand. Read anew each time.
   * Throws {@link StoreError} `store_changed` where another version came in between: never a mixture, and never less than
   * there is.
   */
  body(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** `same` is an object that still has the version that was known. */
export type Got = Found | 'same' | undefined

export interface GetOptions {
  /** A version that is at hand. No byte is moved if it still is the one. */
  readonly known?: string | undefined
  /** Only so many bytes from the beginning: enough for a first line. */
  readonly first?: number | undefined
}

/** What has to be there for a conditional write: nothing of this name, or an object with this version. */
export type Expected = 'absent' | { readonly version: string }

/**
 * A place for fixtures. All it does has a deadline, and throws:
 *
 * - {@link StoreError} where an engine is away, refuses, or has forgotten;
 * - what the system says where a file of a directory cannot be written; `UnreadableError` or `DamageError` where it cannot
 *   be read. What cannot be looked at is never taken for what is not there.
 */
export interface Driver {
  /** What it is called to people: a directory as configured, or an address without its password. */
  readonly place: string
  /** The word for the kind of engine, for metrics: `directory`, `s3`, `redis`, `postgres`. */
  readonly engine: string
  /**
   * The directory, if it is one. There people give names, make folders and edit by hand; in an engine the name of a
   * fixture follows from its call alone.
   */
  readonly dir?: string | undefined
  /**
   * Makes sure that it can be used; to write, that it can be written to, as far as that can be told without writing.
   *
   * @throws DeltatapeError `fixtures_unusable`, or StoreError
   */
  check(options: { readonly write: boolean }): Promise<void>
  /** Looks for an object. At once where that costs no more than a look at a disk. */
  get(name: string, options?: GetOptions): Got | Promise<Got>
  /** Writes an object whole or not at all, whatever was there; gives its version. */
  put(name: string, bytes: Uint8Array): Promise<string>
  /** The same, only where there is what is expected. Undefined if there is not: nothing was written. */
  putIf(name: string, bytes: Uint8Array, expected: Expected): Promise<string | undefined>
  /**
   * All objects whose names begin with a prefix and come after a name, in the order of the bytes of their names. A
   * directory passes over what begins with a dot.
   */
  list(prefix?: string, after?: string): AsyncIterable<Page>
  /**
   * Takes an object away; one that is gone already is no error. With a version only if it still has it, as far as the
   * engine can do that in one step; says whether it had.
   */
  remove(name: string, version?: string): Promise<boolean>
  /**
   * Does work under a name while no other process does, where several objects are one fixture and get names one after
   * another: a directory. Others have names that never change what they mean. What is written within has other names.
   */
  alone?<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Lets go of connections. */
  close(): Promise<void>
}

/** What a driver has to be told to be opened. */
export interface DriverOptions {
  /** The value of FIXTURES. */
  readonly place: string
  readonly clock: Clock
  /** How long one operation may take, in ms. */
  readonly timeoutMs: number
  /** Whether a directory that is not there is as good as an empty one: nobody has recorded yet. */
  readonly mayBeMissing?: boolean | undefined
  /** What is run with `MODEL_MODE=record` to record a call, for those who have no fixtures. */
  readonly howToRecord?: string | undefined
}

/** Opens a driver. Nothing is called, and no library loaded, before the first operation. */
export type OpenDriver = (options: DriverOptions) => Driver

/**
 * What an engine says in place of what it was asked for.
 *
 * - `store_away`: it cannot be reached, is starting, or takes too long: try again, or use what is at hand.
 * - `store_refused`: a person has to change a setting, a right or its size.
 * - `store_changed`: somebody wrote meanwhile: ask again.
 * - `store_forgot`: it had the object, and let it go.
 */
export class StoreError extends DeltatapeError {
  declare readonly code: StoreErrorCode

  // oxlint-disable-next-line no-useless-constructor -- it takes these codes alone
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
  }
}

export type StoreErrorCode = 'store_away' | 'store_refused' | 'store_changed' | 'store_forgot'

/** Whether an error is that of an engine with this code. */
export const isStoreError = (error: unknown, code: StoreErrorCode): error is StoreError =>
  error instanceof StoreError && error.code === code

/** What was done in a driver, for metrics. */
export interface Operation {
  readonly engine: string
  readonly operation: 'get' | 'put' | 'list' | 'remove' | 'check'
  /** `found`, `same`, `absent`, `written`, `lost` (somebody else was there), `done`, or the code of the error. */
  readonly outcome: string
  readonly ms: number
}

export type Watch = (operation: Operation) => void

/**
 * An object as it is now, for whoever has no version of it at hand; undefined if there is none.
 *
 * @param first only so many bytes from its beginning
 */
export async function foundAt(driver: Pick<Driver, 'get'>, name: string, first?: number): Promise<Found | undefined> {
  const got = await driver.get(name, { first })
  return got === 'same' ? undefined : got
}

/** All the bytes of an object. */
export async function wholeOf(found: Found): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of found.body()) pieces.push(piece)
  const [only, ...others] = pieces
  if (only && others.length === 0) return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
  return Buffer.concat(pieces)
}

/** The same; undefined if another version came in between. */
export async function wholeUnlessChanged(found: Found): Promise<Buffer | undefined> {
  try {
    return await wholeOf(found)
  } catch (error) {
    if (!isStoreError(error, 'store_changed')) throw error
    return undefined
  }
}
