/** One folder of a directory: what stands in it, read in parts, by the bytes of its names. */
import type { Dirent } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import type { Clock } from '../../../base/clock.ts'
import { nameOf, pathOf } from './files.ts'
import { sortInPieces } from '../../pieces.ts'

/**
 * Names are kept as the system has them, each byte a character: so they are in the order of their bytes, and what is no
 * UTF-8 is not lost.
 */
export type Raw = string

/** A name whose bytes are its characters. */
const PLAIN = /^[ -~]*$/

export const textOf = (raw: Raw): string => (PLAIN.test(raw) ? raw : nameOf(Buffer.from(raw, 'latin1')))

export function rawOf(name: string): Raw {
  if (PLAIN.test(name)) return name
  return name.isWellFormed()
    ? Buffer.from(name).toString('latin1')
    : Buffer.from(pathOf('', name)).toString('latin1', 1)
}

/** What stands in a folder, without what begins with a dot. */
export interface Contents {
  /** In order: names, and folders with a `/` behind them. What is called a fixture is a name, whatever it is. */
  readonly entries: Raw[]
  /** The folders among them, and those that are such by a link. */
  readonly below: Raw[]
  readonly linked: readonly Raw[]
  /** What processes write before it gets its name, or hold while they write. */
  readonly temporary: readonly Raw[]
  /** Whether a link leads nowhere: what it may lead to, the folder does not tell. */
  readonly isVague: boolean
}

const TEMPORARY = /^\..+\.(?:\d+\.[0-9a-f]{12}\.tmp|jsonl\.lock)$/

/** How many entries are taken from the disk at once: few enough that nobody waits for them. */
const ENTRIES_AT_ONCE = 512

async function* entriesOf(path: string | Buffer): AsyncGenerator<Dirent[]> {
  const folder = await opendir(path, { encoding: 'latin1', bufferSize: ENTRIES_AT_ONCE })
  try {
    for (let next = await folder.read(); next !== null; next = await folder.read()) {
      const entries = [next]
      // What was taken with it is at hand: to wait for each would cost three times as much.
      while (entries.length < ENTRIES_AT_ONCE && (next = folder.readSync()) !== null) entries.push(next)
      yield entries
    }
  } finally {
    await folder.close()
  }
}

/**
 * Reads a folder.
 *
 * @param folder its name, with a `/` behind it; empty for the directory itself
 * @throws what the system says
 */
export async function readFolder(dir: string, folder: Raw, clock: Pick<Clock, 'now'>): Promise<Contents> {
  const [names, below, linked, temporary] = [new Array<Raw>(), new Array<Raw>(), new Array<Raw>(), new Array<Raw>()]
  let isVague = false
  for await (const entries of entriesOf(folderPath(dir, folder))) {
    for (const entry of entries) {
      const { name } = entry
      if (name.startsWith('.')) {
        if (TEMPORARY.test(name)) temporary.push(name)
        continue
      }
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : await kindOf(dir, folder + name)
      if (kind === 'nothing') isVague = true
      if (kind === 'folder' || kind === 'linked') names.push(`${name}/`)
      if (kind === 'folder') below.push(`${name}/`)
      if (kind === 'linked') linked.push(`${name}/`)
      if (kind === 'file' || kind === 'nothing' || name.endsWith('.jsonl')) names.push(name)
    }
  }
  return { entries: await sortInPieces(names, clock), below, linked, temporary, isVague }
}

/** The path of a folder of that name. */
export const folderPath = (dir: string, folder: Raw): string | Buffer =>
  folder === '' ? dir : pathOf(dir, textOf(folder.slice(0, -1)))

/** What a link leads to, or what is neither file nor folder. */
const kindOf = (dir: string, name: Raw): Promise<'file' | 'linked' | 'nothing' | 'other'> =>
  stat(pathOf(dir, textOf(name))).then(
    (found) => (found.isFile() ? 'file' : found.isDirectory() ? 'linked' : 'other'),
    () => 'nothing',
  )

/** Where a text stands in what is in order, or would stand. */
export const indexFor = (sorted: readonly string[], text: string): number =>
  indexAmong(sorted.length, (index) => sorted[index] ?? '', text)

/** The same among so many texts, of which few are looked at. */
export function indexAmong(count: number, textAt: (index: number) => string, text: string): number {
  let [from, to] = [0, count]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (textAt(middle) < text) from = middle + 1
    else to = middle
  }
  return from
}
