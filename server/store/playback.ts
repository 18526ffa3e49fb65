/** Fixtures to be played: small ones kept in memory, large ones read as they are played. */
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelEvent, inParts } from '../api/event.ts'
import { isFinished, isTerminal } from '../api/responses/events.ts'
import { DeltatapeError } from '../base/errors.ts'
import { createFixtureReader } from '../fixture/file.ts'
import { type FixtureFacts, type StoredFixture, isGood } from '../fixture/fixture.ts'
import { linesOf, versionOf } from './directory.ts'

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
