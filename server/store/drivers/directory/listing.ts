/**
 * The listing of a directory: read once, and kept as long as its folders say by their times that nothing was added,
 * taken away or renamed. A look at a folder costs some microseconds, a listing of 100,000 names some tenths of a second.
 */
import { type Stats, statSync } from 'node:fs'
import type { Clock } from '../../../base/clock.ts'
import { systemCode } from '../../../base/errors.ts'
import { UnreadableError } from '../../unreadable.ts'
import { unreadable } from './files.ts'
import type { Page } from '../../driver.ts'
import { createPieces } from '../../pieces.ts'
import { shared } from '../../../base/shared.ts'
import { type Contents, type Raw, folderPath, indexFor, rawOf, readFolder, textOf } from './folder.ts'
import { createWhole, pagesFrom } from './pages.ts'

/**
 * How long a folder's names are used, in ms, into which this process writes: what others write at the same moment is not
 * told by its times. As many times as long as it took to read them, so that this costs a tenth at most of any time.
 */
const RELIST = { least: 20, most: 5000, times: 10 }

/** A folder that was listed, or is written to. */
interface Folder {
  /** Undefined if it was never read. */
  contents: Contents | undefined
  /** What tells the state in which it was read, or left by this process, from any other. */
  state: string | undefined
  /** How long the contents hold in this state, by the clock. */
  until: number
  /** How long they hold while this process writes into it, in ms. */
  span: number
  /** How many writes of this process are under way, and when the last one ended. */
  writes: number
  lastWrite: number
  /** Whether nobody else had changed it when the first of them began: what changes then is known. */
  isOurs: boolean
  /** What this process changed while it is being read. */
  missed: [name: Raw, isThere: boolean][] | undefined
}

export interface Listing {
  pages(prefix?: string, after?: string): AsyncGenerator<Page>
  /** The names of what processes write before it gets its name, or hold while they write. */
  temporary(): Promise<string[]>
  /**
   * Does what changes the folder of a name.
   *
   * @param work is given what it has to call when the name is there from now on, or not any more
   */
  writing<T>(name: string, work: (becomes: (isThere: boolean) => void) => Promise<T>): Promise<T>
}

interface Options {
  readonly clock: Clock
  /** Whether the directory may not be there: then there is nothing in it. */
  readonly mayBeMissing: boolean
}

/** Makes the listing of a directory. */
export function createListing(dir: string, { clock, mayBeMissing }: Options): Listing {
  const folders = new Map<Raw, Folder>()
  const whole = createWhole(folders, clock)

  const read = async (name: Raw, folder: Folder, stats: Stats): Promise<Contents> => {
    const missed: [Raw, boolean][] = []
    Object.assign(folder, { state: stateOf(stats), until: 0, isOurs: true, missed } satisfies Partial<Folder>)
    const [began, isSettled] = [clock.now(), hasSettled(stats, clock.date().getTime())]
    try {
      const contents = await readFolder(dir, name, clock)
      whole.forget()
      for (const [entry, isThere] of missed) change(contents, entry, isThere)
      const now = clock.now()
      folder.span = Math.min(RELIST.most, Math.max(RELIST.least, RELIST.times * (now - began)))
      const isBusy = folder.writes > 0 || now - folder.lastWrite < folder.span
      folder.until = contents.isVague ? 0 : isBusy ? now + folder.span : isSettled ? Infinity : 0
      return (folder.contents = contents)
    } finally {
      folder.missed = undefined
    }
  }

  const isCurrent = (folder: Folder, stats: Stats): boolean =>
    clock.now() < folder.until && (folder.writes > 0 ? folder.isOurs : folder.state === stateOf(stats))

  const look = shared(() => lookAt({ dir, folders, read, isCurrent, forget: whole.forget, mayBeMissing, clock }))

  return {
    async *pages(prefix = '', after = '') {
      const unknown = await look()
      const wanted = rawOf(prefix)
      const hidden = [...unknown].filter(([name]) => name.startsWith(wanted) || wanted.startsWith(name))
      if (hidden.length > 0) yield { entries: [], unknown: hidden.map(([, error]) => error) }
      yield* prefix + after === '' ? whole.pages() : pagesFrom(folders, wanted, rawOf(after), clock)
    },

    async temporary() {
      await look()
      return [...folders].flatMap(([name, { contents }]) =>
        (contents?.temporary ?? []).map((each) => textOf(name + each)),
      )
    },

    writing(name, work) {
      const raw = rawOf(name)
      const end = raw.lastIndexOf('/', raw.length - 2) + 1
      const [folder, own] = [raw.slice(0, end), raw.slice(end)]
      return changing(folderIn(folders, folder), folderPath(dir, folder), clock, (becomes) =>
        work((isThere) => {
          // A folder may hold names already, and what begins with a dot is in no list.
          if (own.endsWith('/')) whole.forget()
          else if (!own.startsWith('.')) whole.changed(raw, isThere)
          becomes(own, isThere)
        }),
      )
    },
  }
}

type Becomes = (name: Raw, isThere: boolean) => void

/** Does what changes a folder. If it was as known before, it is as known afterwards. */
async function changing<T>(
  folder: Folder,
  path: string | Buffer,
  clock: Clock,
  work: (becomes: Becomes) => Promise<T>,
): Promise<T> {
  // What others write meanwhile is not told by its times: it is looked for again, however long this takes.
  folder.until = Math.min(folder.until, clock.now() + folder.span)
  if (folder.writes++ === 0) folder.isOurs = folder.state !== undefined && folder.state === stateNow(path)
  try {
    return await work((name, isThere) => {
      folder.missed?.push([name, isThere])
      if (folder.contents) change(folder.contents, name, isThere)
    })
  } finally {
    folder.lastWrite = clock.now()
    if (--folder.writes === 0 && folder.isOurs) folder.state = stateNow(path)
    folder.until = Math.min(folder.until, folder.lastWrite + folder.span)
  }
}

const folderIn = (folders: Map<Raw, Folder>, name: Raw): Folder => {
  const none = { contents: undefined, state: undefined, missed: undefined, isOurs: false }
  const folder = folders.get(name) ?? { ...none, until: 0, span: RELIST.least, writes: 0, lastWrite: -Infinity }
  folders.set(name, folder)
  return folder
}

const stateOf = ({ dev, ino, mtimeMs, ctimeMs }: Stats): string => `${dev} ${ino} ${mtimeMs} ${ctimeMs}`

function stateNow(path: string | Buffer): string | undefined {
  try {
    return stateOf(statSync(path))
  } catch {
    return undefined
  }
}

/** How coarse the clocks of file systems are, in ms: those of whole seconds, and the others. */
const COARSE_MS = { seconds: 2100, finer: 100 }

/** Whether any change from now on gives a folder another time than it has. */
function hasSettled({ mtimeMs, ctimeMs }: Stats, now: number): boolean {
  const last = Math.max(mtimeMs, ctimeMs)
  return now - last > (last % 1000 === 0 ? COARSE_MS.seconds : COARSE_MS.finer)
}

/** A name is there from now on, or not any more. */
function change({ entries, below }: Contents, entry: Raw, isThere: boolean): void {
  if (entry.startsWith('.')) return
  const at = indexFor(entries, entry)
  const isKnown = entries[at] === entry
  if (isThere && !isKnown) entries.splice(at, 0, entry)
  if (!isThere && isKnown) entries.splice(at, 1)
  if (isThere && !isKnown && entry.endsWith('/')) below.push(entry)
}

interface Look extends Options {
  readonly dir: string
  readonly folders: Map<Raw, Folder>
  readonly read: (name: Raw, folder: Folder, stats: Stats) => Promise<Contents>
  readonly isCurrent: (folder: Folder, stats: Stats) => boolean
  /** Called when what was listed holds no more. */
  readonly forget: () => void
}

/**
 * Looks at all folders, and reads those anew that are not as they were. One that has several names by links is listed
 * once, under its own if that is in the directory. Gives those below that cannot be read.
 *
 * @throws UnreadableError where the directory itself cannot be read, or is gone
 */
async function lookAt(options: Look): Promise<Map<Raw, UnreadableError>> {
  const { dir, folders, read, isCurrent, forget, mayBeMissing, clock } = options
  const [seen, visited, unknown] = [new Set<string>(), new Set<Raw>(), new Map<Raw, UnreadableError>()]
  const [below, linked]: [Raw[], Raw[]] = [[], []]
  const pause = createPieces(clock)
  const visit = async (name: Raw): Promise<void> => {
    const stats = statSync(folderPath(dir, name))
    if (seen.has(`${stats.dev} ${stats.ino}`)) return
    seen.add(`${stats.dev} ${stats.ino}`)
    const folder = folderIn(folders, name)
    const contents = (isCurrent(folder, stats) && folder.contents) || (await read(name, folder, stats))
    visited.add(name)
    for (const each of contents.below) below.push(name + each)
    for (const each of contents.linked) linked.push(name + each)
  }
  await visit('').catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT' || !mayBeMissing)
      unreadable(`The fixtures directory ${JSON.stringify(dir)}`)(error)
  })
  for (let at = below.pop() ?? linked.pop(); at !== undefined; at = below.pop() ?? linked.pop()) {
    const name = at
    await visit(name).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return
      const shown = JSON.stringify(textOf(name.slice(0, -1)))
      unknown.set(name, new UnreadableError(`The directory ${shown} of the fixtures`, error))
    })
    await pause()
  }
  for (const [name, folder] of folders) {
    if (visited.has(name)) continue
    if (folder.contents) forget()
    folder.contents = undefined
    if (folder.writes === 0) folders.delete(name)
  }
  return unknown
}
