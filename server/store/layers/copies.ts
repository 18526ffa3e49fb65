/** The copies that a directory holds of what an engine has, each with the engine's version of it. */
import { createHash } from 'node:crypto'
import { sha256Of } from '../../fixture/beside.ts'
import { isDamage } from '../../fixture/damage.ts'
import { type Driver, type Entry, type Found, type GetOptions, type Got, type Page } from '../driver.ts'
import type { Copy, Note, Notes } from './notes.ts'

export interface Copies {
  /** What is noted of a name, whatever became of its file. */
  noted(name: string): Promise<Note | undefined>
  /** The note of a copy that is as it was written. Reads its file only where its state says that it may be another. */
  intact(name: string): Promise<Note | undefined>
  /** What the directory has of a name, with the engine's version if it is noted and intact, or else one of its own. */
  read(name: string, options?: GetOptions): Promise<Found | undefined>
  /** Writes what the engine gave, unless the same is there. Throws what the directory throws. */
  keep(name: string, version: string, bytes: Uint8Array): Promise<void>
  /** Notes what the directory has of a name as the engine's version, if it is these bytes. Says whether it is. */
  match(name: string, version: string, bytes: Uint8Array): Promise<boolean>
  /** Takes away what the engine has no more. What was not written by {@link keep}, or was changed since, stays. */
  drop(name: string): Promise<void>
  /** Notes what a listing told that has a name and no bytes to keep: entries of an index. */
  hear(entries: readonly Entry[]): Promise<void>
  list(prefix?: string, after?: string): AsyncIterable<Page>
  /** Makes sure that it can be written to. */
  prepare(): Promise<void>
  close(): Promise<void>
}

/** The longest name that file systems take, in bytes. */
const MAX_NAME_BYTES = 255

/** Folders that lead elsewhere, that no directory lists or that would be where a fixture is; what only some systems take. */
const NO_FILE = /(?:^|\/)(?:\.|\/|$)|\.(?:jsonl|bin)\/|[\\\0]/

/**
 * Whether a name can be that of a file in the directory. That of the engine's index is only noted; and of what others have
 * put there, nothing is written anywhere else than into the directory (`a/../../b.jsonl`).
 */
export const hasFile = (name: string): boolean =>
  !NO_FILE.test(name) && name.split('/').every((part) => Buffer.byteLength(part) <= MAX_NAME_BYTES)

/** Of the engine's index. */
const isHidden = (name: string): boolean => name.startsWith('.')

export function createCopies(directory: Driver, open: () => Promise<Notes>): Copies {
  let opened: Promise<Notes> | undefined
  let prepared: Promise<void> | undefined
  const openedNotes = () => (opened ??= open())
  const prepare = () => (prepared ??= directory.check({ write: true }))
  const look = createLook(directory, openedNotes)
  const noteCopy = async (name: string, version: string, copy: Copy): Promise<void> => {
    const notes = await openedNotes()
    notes.note(name, { version, copy })
  }
  const match = async (name: string, version: string, bytes: Uint8Array, sha256 = sha256Of(bytes)) => {
    const before = await find(directory, name)
    if (before?.bytes !== bytes.length || (await hashOf(before)) !== sha256) return false
    await noteCopy(name, version, { version: before.version, sha256 })
    return true
  }

  return {
    ...look,
    match: (name, version, bytes) => match(name, version, bytes),
    async keep(name, version, bytes) {
      if (!hasFile(name)) return (await openedNotes()).note(name, { version })
      await prepare()
      const sha256 = sha256Of(bytes)
      if (await match(name, version, bytes, sha256)) return
      await noteCopy(name, version, { version: await directory.put(name, bytes), sha256 })
    },
    async drop(name) {
      const note = await look.intact(name)
      if (note?.copy) await directory.remove(name, note.copy.version)
      const notes = await openedNotes()
      notes.note(name, undefined)
    },
    async hear(entries) {
      const notes = await openedNotes()
      for (const { name, version = '' } of entries) {
        if (isHidden(name) && notes.of(name)?.version !== version) notes.note(name, { version })
      }
    },
    async *list(prefix = '', after = '') {
      if (!isHidden(prefix)) return yield* directory.list(prefix, after)
      const notes = await openedNotes()
      const names = Array.from(notes.entries(), ([name]) => name)
      const found = names.filter((name) => name.startsWith(prefix) && name > after).toSorted()
      yield { entries: found.map((name) => ({ name })) }
    },
    prepare,
    async close() {
      const notes = await opened
      await notes?.written()
      await directory.close()
    },
  }
}

function createLook(directory: Driver, openedNotes: () => Promise<Notes>): Pick<Copies, 'noted' | 'intact' | 'read'> {
  const noted = async (name: string): Promise<Note | undefined> => {
    const notes = await openedNotes()
    return notes.of(name)
  }
  const intact = async (name: string): Promise<Note | undefined> => {
    const note = await noted(name)
    if (!note?.copy) return undefined
    if (await isStill(directory, name, note.copy)) return note
    const now = await find(directory, name)
    if (!now || (await hashOf(now)) !== note.copy.sha256) return undefined
    // Somebody has moved the directory, or a cache of CI has brought it back.
    const moved = { ...note, copy: { ...note.copy, version: now.version } }
    const notes = await openedNotes()
    notes.note(name, moved)
    return moved
  }
  return {
    noted,
    intact,
    async read(name, { first } = {}) {
      const note = await intact(name)
      const found = await find(directory, name, first)
      if (!found) return undefined
      const { bytes, version: here } = found
      const version = note?.copy?.version === here ? note.version : `here ${here}`
      return { name, version, bytes, body: () => found.body() }
    },
  }
}

/** What a directory has of a name. What cannot be read is nothing that could help. */
async function find(directory: Driver, name: string, first?: number): Promise<Found | undefined> {
  const got = await lookUp(directory, name, { first })
  return got === 'same' ? undefined : got
}

const isStill = async (directory: Driver, name: string, { version }: Copy): Promise<boolean> =>
  (await lookUp(directory, name, { known: version })) === 'same'

async function lookUp(directory: Driver, name: string, options: GetOptions): Promise<Got> {
  if (!hasFile(name)) return undefined
  try {
    return await directory.get(name, options)
  } catch (error) {
    if (!isDamage(error)) throw error
    return undefined
  }
}

async function hashOf(found: Found): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of found.body()) hash.update(piece)
  return hash.digest('hex')
}
