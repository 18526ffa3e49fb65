/** Which version an engine gave of what stands in a directory: a file of lines, of which what is torn or lost costs a download. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { systemCode } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import type { Driver } from '../driver.ts'
import { linesIn } from '../lines.ts'
import { createPieces } from '../pieces.ts'

/** What is noted of an object. */
export interface Note {
  /** The engine's. */
  readonly version: string
  /** The file in the directory, if there is one: its version there, and the SHA-256 of what was written. */
  readonly copy?: Copy | undefined
}

export interface Copy {
  readonly version: string
  readonly sha256: string
}

/** Notes of one directory and one engine. Several processes may add to them. */
export interface Notes {
  of(name: string): Note | undefined
  /** @param note undefined takes it back */
  note(name: string, note: Note | undefined): void
  /** All that is noted, in no order. */
  entries(): Iterable<readonly [name: string, note: Note]>
  /** Resolves when all of it is written, as far as it can be. */
  written(): Promise<void>
}

/** Within the directory of fixtures, where no list shows it. */
const FOLDER = '.deltatape'

const lineSchema = z.union([
  z.tuple([z.string()]),
  z.tuple([z.string(), z.string()]),
  z.tuple([z.string(), z.string(), z.string(), z.string()]),
])

type Line = z.infer<typeof lineSchema>

const lineOf = (name: string, note: Note | undefined): Line => {
  if (note === undefined) return [name]
  return note.copy ? [name, note.version, note.copy.version, note.copy.sha256] : [name, note.version]
}

const noteIn = ([, version, here, sha256]: Line): Note | undefined => {
  if (version === undefined) return undefined
  return here !== undefined && sha256 !== undefined ? { version, copy: { version: here, sha256 } } : { version }
}

/** How many lines that count no more a file may have, beside as many as count. */
const MAX_DEAD = 1000

interface Opening {
  readonly dir: string
  /** The same as a driver. */
  readonly directory: Pick<Driver, 'put'>
  /** The engine: versions of another one say nothing. */
  readonly place: string
  readonly clock: Pick<Clock, 'now'>
}

/** Reads what was noted. */
export async function openNotes({ dir, directory, place, clock }: Opening): Promise<Notes> {
  const name = `${FOLDER}/seen-${createHash('sha256').update(place).digest('hex').slice(0, 12)}.jsonl`
  const { notes, lines } = await readNotes(join(dir, name), name, clock)
  const file = createAppender(dir, name)
  if (lines > 2 * notes.size + MAX_DEAD) {
    const text = Array.from(notes, ([each, note]) => `${JSON.stringify(lineOf(each, note))}\n`).join('')
    // Where it cannot be written it is as long as it was.
    await directory.put(name, Buffer.from(text)).catch(passRefusal)
  }
  return {
    of: (each) => notes.get(each),
    note(each, note) {
      if (note) notes.set(each, note)
      else if (!notes.delete(each)) return
      file.add(`${JSON.stringify(lineOf(each, note))}\n`)
    },
    entries: () => notes.entries(),
    written: file.written,
  }
}

async function readNotes(path: string, name: string, clock: Pick<Clock, 'now'>) {
  const notes = new Map<string, Note>()
  const pause = createPieces(clock)
  let lines = 0
  try {
    for await (const some of linesIn({ name, body: () => createReadStream(path) })) {
      for (const text of some) {
        lines++
        // A process may have been killed in the middle of a line.
        const line = lineSchema.safeParse(parseJson(text)).data
        if (!line) continue
        const note = noteIn(line)
        if (note) notes.set(line[0], note)
        else notes.delete(line[0])
        await pause()
      }
    }
  } catch (error) {
    passRefusal(error)
  }
  return { notes, lines }
}

/** Adds lines to a file, those that come meanwhile in one go. What cannot be written costs a download later, and no more. */
function createAppender(dir: string, name: string) {
  let waiting: string[] = []
  let running: Promise<void> | undefined
  let folder: Promise<unknown> | undefined
  const begin = async (): Promise<void> => {
    await mkdir(join(dir, FOLDER), { recursive: true })
    // What is noted of one machine's copies is nothing to commit.
    await writeFile(join(dir, FOLDER, '.gitignore'), '*\n')
  }
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      // The line feed before it ends what a process left that was killed in a line.
      const text = `\n${waiting.join('')}`
      waiting = []
      await (folder ??= begin())
      await appendFile(join(dir, name), text)
    }
  }
  return {
    add(line: string): void {
      waiting.push(line)
      running ??= write()
        .catch(passRefusal)
        .finally(() => (running = undefined))
    },
    written: async (): Promise<void> => running,
  }
}

function passRefusal(error: unknown): void {
  if (systemCode(error) === undefined) throw error
}
