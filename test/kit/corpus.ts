/** The corpus: real recorded streams, which lie outside the project (CORPUS_DIR) and may be absent. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

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
