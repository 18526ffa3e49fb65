/** Recorded answers of many APIs, which lie outside the project (CORPUS_ANY_DIR) and may be absent. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const dir = process.env.CORPUS_ANY_DIR ?? '../shared/corpus-any'

/** Why there is nothing to test with, or false. */
export const absent = existsSync(dir) ? false : `there is no corpus at ${dir} (CORPUS_ANY_DIR)`

/** One recorded answer, by the columns of the corpus' index. */
export interface RealAnswer {
  readonly name: string
  readonly api: string
  /** How its body is cut: `sse`, `sse-crlf`, `ndjson`, `json-array`, `json`, `eventstream`, `binary`, `text`, `empty`. */
  readonly framing: string
  readonly status: number
  /** The empty text if it is not known. */
  readonly contentType: string
  readonly body: Buffer
}

/** The answers whose bodies are as they were sent. */
export function readAnswers(): RealAnswer[] {
  if (absent) return []
  const [names = [], ...rows] = readFileSync(join(dir, 'INDEX.tsv'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
  return rows
    .map((row) => new Map(names.map((name, index) => [name, row[index] ?? ''])))
    .filter((row) => row.get('fidelity') === 'verbatim')
    .map((row) => ({
      name: row.get('file') ?? '',
      api: row.get('api') ?? '',
      framing: row.get('framing') ?? '',
      status: Number(row.get('status')),
      contentType: row.get('content_type') ?? '',
      body: readFileSync(join(dir, row.get('file') ?? '')),
    }))
}

const requestSchema = z.object({
  method: z.string(),
  path: z.string(),
  query: z.array(z.tuple([z.string(), z.string()])),
  headers: z.record(z.string(), z.string()),
  body: z.json().optional(),
})

/** The request that an answer was given to. */
export const readRequest = ({ name }: Pick<RealAnswer, 'name'>): z.infer<typeof requestSchema> =>
  requestSchema.parse(JSON.parse(readFileSync(join(dir, name.replace(/\.[a-z]+$/, '.request.json')), 'utf8')))
