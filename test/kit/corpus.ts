/** The corpus: real recorded streams, which lie outside the project (CORPUS_DIR) and may be absent. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type JsonObject, parseObject } from '../../server/base/json.ts'
import type { Step } from './standin.ts'

const dir = process.env.CORPUS_DIR ?? '../shared/corpus'

/** Why there is nothing to test with, or false. */
export const absent = existsSync(dir) ? false : `there is no corpus at ${dir} (CORPUS_DIR)`

export interface RealStream {
  readonly name: string
  /** What stood in each `data:` line. */
  readonly lines: readonly string[]
}

export function readCorpus(): RealStream[] {
  if (absent) return []
  const names = readdirSync(dir).filter((name) => name.endsWith('.events.jsonl'))
  return names.toSorted().map((file) => ({
    name: file.replace('.events.jsonl', ''),
    lines: readFileSync(join(dir, file), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  }))
}

/** The events of a stream. */
export const eventsOf = ({ lines }: RealStream): JsonObject[] => lines.map((line) => parseObject(line) ?? {})

/** The stream as the API sends it: each event below its name. */
export const asSse = ({ lines }: RealStream): Buffer =>
  Buffer.from(lines.map((line) => `event: ${String(parseObject(line)?.type)}\ndata: ${line}\n\n`).join(''))

/** A body in pieces of a random size, the same for the same seed: they end anywhere, within characters too. */
export function inChunks(body: Buffer, seed: string, most = 4000): Step[] {
  let state = [...seed].reduce((hash, character) => (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0, 7)
  const random = () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const steps: Step[] = []
  for (let start = 0; start < body.length;) {
    // As many small pieces as large ones.
    const size = Math.ceil(most ** random())
    steps.push({ raw: body.subarray(start, start + size) })
    start += size
  }
  return steps
}
