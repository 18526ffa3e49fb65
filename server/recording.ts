/** Fixtures to be played: small ones kept in memory, large ones read as they are played. */
import { statSync, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { unreadable } from './directory.ts'
import { DeltatapeError } from './errors.ts'
import { createFixtureReader, isGood, type FixtureFacts, type StoredFixture } from './fixture.ts'
import { MAX_BATCH_CHARS, isFinished, isTerminal, type ModelEvent } from './model/model.ts'

/** A fixture to be played. */
export interface Recording extends FixtureFacts {
  readonly name: string
  /** Whether the model finished: an answer that a failure must not replace. */
  readonly isGood: boolean
  /**
   * The events in order, in parts of at most {@link MAX_BATCH_CHARS} but for a larger single event. A fixture that is
   * kept in memory gives the very same parts each time, frozen; a large one is read anew.
   */
  parts(): Iterable<readonly ModelEvent[]> | AsyncIterable<readonly ModelEvent[]>
}

/** A file as it is now. */
export interface FileState {
  readonly bytes: number
  /** What tells one state of a file from the next. */
  readonly version: string
}

/**
 * Undefined where there is no file. Asked for each turn, so not by way of the thread pool: that costs ten times as much.
 *
 * @throws DeltatapeError `fixture_invalid` where there is something that cannot be looked at
 */
export function stateOf(path: string): FileState | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found && { bytes: found.size, version: versionOf(found) }
  } catch (error) {
    return unreadable(basename(path))(error)
  }
}

/** `ctime` tells of an edit that puts the other time back. */
const versionOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string => `${ino} ${size} ${mtimeMs} ${ctimeMs}`

/** A fixture that is kept in memory. */
export function inMemory({ events, ...facts }: StoredFixture): Recording {
  const parts = [...inParts(events)].map((part) => Object.freeze(part))
  return { ...facts, isGood: isGood({ ...facts, events }), parts: () => parts }
}

/** Reads a large fixture to its end to see that it is whole, and again each time that it is played. */
export async function onDisk(dir: string, name: string, version: string): Promise<Recording> {
  const reader = createFixtureReader(name)
  let first: ModelEvent | undefined
  for await (const lines of linesOf(join(dir, name))) {
    for (const line of lines) {
      const event = reader.line(line)
      if (!first && event && isTerminal(event)) first = event
    }
  }
  const facts = reader.end()
  return {
    ...facts,
    name,
    isGood: facts.ending.end === 'complete' && first !== undefined && isFinished([first]),
    async *parts() {
      const again = createFixtureReader(name)
      for await (const lines of linesOf(join(dir, name), (file) => hasNotChanged(file, name, version))) {
        yield* inParts(lines.flatMap((line) => again.line(line) ?? []))
      }
      // It may have been cut off while it was played.
      again.end()
    },
  }
}

async function hasNotChanged(file: FileHandle, name: string, version: string): Promise<void> {
  if (versionOf(await file.stat()) === version) return
  throw new DeltatapeError('fixture_invalid', `${name} was written anew just as it was to be played. Ask again.`)
}

/** Cuts events into batches. */
function* inParts(events: readonly ModelEvent[]): Generator<readonly ModelEvent[]> {
  let start = 0
  let size = 0
  for (const [index, { text }] of events.entries()) {
    size += text.length
    if (index === start || size <= MAX_BATCH_CHARS) continue
    yield events.slice(start, index)
    start = index
    size = text.length
  }
  if (start < events.length) yield events.slice(start)
}

/** The text up to the first line feed. Throws `fixture_invalid` where it cannot be read. */
export async function firstLine(path: string): Promise<string> {
  for await (const [line] of linesOf(path)) if (line !== undefined) return line
  return ''
}

/**
 * The lines of a file, some at a time; at most one of them and a chunk are in memory. A line ends with a line feed:
 * other characters that end a line for people do not end it here.
 *
 * @throws DeltatapeError `fixture_invalid` where it cannot be read
 * @param check called once the file is open: whatever becomes of its name then, it is this file that is read
 */
async function* linesOf(path: string, check?: (file: FileHandle) => Promise<void>): AsyncGenerator<string[]> {
  const fail = unreadable(basename(path))
  const file = await open(path).catch(fail)
  try {
    await check?.(file)
    let rest: Buffer[] = []
    // One for all: garbage outside of V8's heap is long not looked at.
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read({ buffer }).catch(fail)
      const chunk = buffer.subarray(0, bytesRead)
      const lines: string[] = []
      let start = 0
      for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
        const line = chunk.subarray(start, end)
        lines.push((rest.length > 0 ? Buffer.concat([...rest, line]) : line).toString('utf8'))
        rest = []
        start = end + 1
      }
      if (start < bytesRead) rest.push(Buffer.from(chunk.subarray(start)))
      if (bytesRead === 0 && rest.length > 0) lines.push(Buffer.concat(rest).toString('utf8'))
      if (lines.length > 0) yield lines
      if (bytesRead === 0) return
    }
  } finally {
    await file.close()
  }
}

const CHUNK_BYTES = 64 * 1024
