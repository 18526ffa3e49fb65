/** A directory of fixtures: whether it can be used, and which files there are. */
import { constants, statSync } from 'node:fs'
import { access, mkdir, opendir, rm, stat } from 'node:fs/promises'
import { type Clock, systemClock } from '../base/clock.ts'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { forShell } from '../base/shell.ts'
import { UnreadableError, nameOf, pathOf, unreadable } from './disk.ts'
import { sortInPieces } from './pieces.ts'

interface CheckOptions {
  readonly write: boolean
  /** Whether it need not be there. */
  readonly mayBeMissing?: boolean
  /** What is run with `MODEL_MODE=record` to record, if not a server for itself. */
  readonly howToRecord?: string | undefined
  readonly clock: Clock
}

/**
 * Makes sure that a directory can serve as a store: it is there, can be read and, with `write`, made and written to.
 *
 * @throws DeltatapeError `fixtures_unusable`
 */
export async function checkDirectory(
  dir: string,
  { write, mayBeMissing = false, howToRecord = serving(dir), clock }: CheckOptions,
): Promise<void> {
  try {
    if (write) await mkdir(dir, { recursive: true })
    if (!(await stat(dir)).isDirectory()) throw unusable(dir, 'is no directory', undefined)
    await access(dir, constants.R_OK | constants.X_OK | (write ? constants.W_OK : 0))
    if (write) await sweep(dir, clock)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' && mayBeMissing) return
    if (code === undefined) throw error
    const why = WHY_UNUSABLE[code] ?? `cannot be used: ${code}`
    throw unusable(dir, why, code === 'ENOENT' ? howToRecord : undefined, error)
  }
}

/** The server that uses a directory, as it is started in a shell. */
const serving = (dir: string): string => `npx deltatape serve --fixtures ${forShell(dir)}`

const TEMPORARY = /(?:^|\/)\.[^/]+\.(?:(?:jsonl|bin)\.\d+\.[0-9a-f]{12}\.tmp|jsonl\.lock)$/

const STALE_MS = 60 * 60 * 1000

/** Takes away what processes that were killed have left: no save takes an hour. */
async function sweep(dir: string, clock: Clock): Promise<void> {
  for (const name of (await listDirectory(dir)).temporary) {
    const path = pathOf(dir, name)
    // Another process may take it away at any moment, or give it its name.
    const found = statSync(path, { throwIfNoEntry: false })
    if (found && clock.date().getTime() - found.mtimeMs > STALE_MS) await rm(path, { force: true })
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

/** @param howToRecord what would make it, if anything */
function unusable(dir: string, why: string, howToRecord: string | undefined, cause?: unknown): DeltatapeError {
  const record = howToRecord === undefined ? '' : `, or record into it: MODEL_MODE=record ${howToRecord}`
  return new DeltatapeError(
    'fixtures_unusable',
    `The fixtures directory ${JSON.stringify(dir)} ${why}. Set FIXTURES to one that can be used${record}.`,
    { cause },
  )
}

/** What stands in a directory and below. */
export interface Listing {
  /** The names of the fixtures, in no order. */
  readonly names: readonly string[]
  /** What processes write before it gets its name, or hold while they write. */
  readonly temporary: readonly string[]
  /** The names of what stands beside fixtures, or may, in no order. */
  readonly beside: readonly string[]
  /** The directories below that cannot be read: nobody knows what is in them. */
  readonly unreadable: readonly UnreadableError[]
}

/** A name whose bytes are its characters. */
const PLAIN = /^[ -~]*$/

/** How many entries are taken from the disk at once: few enough that nobody waits for them. */
const ENTRIES_AT_ONCE = 256

/**
 * Lists a directory. What begins with a dot is passed over, and so is what lies below it. A directory that has several
 * names by links is listed once.
 *
 * @throws UnreadableError where the directory itself cannot be read, or is gone
 */
export async function listDirectory(dir: string): Promise<Listing> {
  const listing = {
    names: new Array<string>(),
    beside: new Array<string>(),
    temporary: new Array<string>(),
    unreadable: new Array<UnreadableError>(),
  }
  const seen = new Set<string>()
  const linked: string[] = []
  const below: string[] = []
  const visit = async (folder: string): Promise<void> => {
    const path = pathOf(dir, folder)
    const { dev, ino } = await stat(path)
    if (seen.has(`${dev} ${ino}`)) return
    seen.add(`${dev} ${ino}`)
    // Each byte of a name is a character: what is no UTF-8 is not lost. Done for each file with each save: it adds up.
    for await (const entry of await opendir(path, { encoding: 'latin1', bufferSize: ENTRIES_AT_ONCE })) {
      const own = PLAIN.test(entry.name) ? entry.name : nameOf(Buffer.from(entry.name, 'latin1'))
      const name = folder === '' ? own : `${folder}/${own}`
      if (own.startsWith('.')) {
        if (TEMPORARY.test(name)) listing.temporary.push(name)
        continue
      }
      if (name.endsWith('.jsonl')) listing.names.push(name)
      if (name.endsWith('.bin') && entry.isFile()) listing.beside.push(name)
      if (entry.isDirectory()) below.push(name)
      else if (!entry.isFile() && (await isDirectory(pathOf(dir, name)))) linked.push(name)
    }
  }
  await visit('').catch(unreadable(`The fixtures directory ${JSON.stringify(dir)}`))
  for (let at = below.pop() ?? linked.pop(); at !== undefined; at = below.pop() ?? linked.pop()) {
    const name = JSON.stringify(at)
    await visit(at).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return
      listing.unreadable.push(new UnreadableError(`The directory ${name} of the fixtures`, error))
    })
  }
  return listing
}

const isDirectory = (path: string | Buffer): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** The same of a directory that nobody may have made yet: then there is nothing in it. */
export const listIfThere = (dir: string): Promise<Listing> =>
  listDirectory(dir).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error
    return { names: [], beside: [], temporary: [], unreadable: [] }
  })

/**
 * The names of the fixtures in a directory and below, sorted.
 *
 * @throws UnreadableError `fixture_invalid` if it, or a directory below it, cannot be read
 */
export const listFixtures = async (dir: string, clock: Pick<Clock, 'now'> = systemClock): Promise<string[]> =>
  namesIn(await listDirectory(dir), clock)

/** The same, of a directory that was looked at. */
export async function namesIn({ names, unreadable: unknown }: Listing, clock: Pick<Clock, 'now'>): Promise<string[]> {
  if (unknown[0]) throw unknown[0]
  return sortInPieces(names, clock)
}
