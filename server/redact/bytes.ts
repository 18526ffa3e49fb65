/** Secrets in what is no text: bytes, and records that were cut or damaged so that they mean nothing. */
import { dataOf, wireOf } from '../api/framing/framing.ts'
import { rewritten } from '../api/framing/index.ts'
import type { AnswerRecord } from '../api/record.ts'
import { nextTurn } from '../base/clock.ts'
import type { Finder } from './finder.ts'
import { type Match, merged, replace } from './match.ts'

/** Is told the kind of everything that is replaced, and the record that it stood in. */
export type FoundIn = (kind: string, record: AnswerRecord) => void

/** How many bytes are searched in one go, and how many of the next ones with them: no secret is longer. */
const [AT_ONCE, OVERLAP] = [64 * 1024, 8 * 1024]

/**
 * The records with the secrets taken out of those that are bytes without data; the very same list if they hold none. What
 * stands in the place of one is as long: lengths and offsets around it stay true.
 */
export async function redactBytes(
  records: readonly AnswerRecord[],
  finder: Finder,
  found: FoundIn,
): Promise<readonly AnswerRecord[]> {
  if (!records.some(isBytes)) return records
  const written: AnswerRecord[] = []
  for (let start = 0, end = 0; start < records.length; start = end) {
    while (end < records.length && isBytes(records[end])) end++
    // There may be more than fit into the arguments of one call.
    for (const record of await redactRun(records.slice(start, end), finder, found)) written.push(record)
    const text = records[end]
    if (text) written.push(text)
    end++
  }
  return written.every((record, index) => record === records[index]) ? records : written
}

const isBytes = (record: AnswerRecord | undefined): boolean =>
  record !== undefined && typeof record.wire !== 'string' && dataOf(record) === undefined

/** Records that follow each other: a secret may stand across them. */
async function redactRun(
  records: readonly AnswerRecord[],
  finder: Finder,
  found: FoundIn,
): Promise<readonly AnswerRecord[]> {
  // A whole message without data keeps its checksums true.
  const messages = records.map((record) =>
    rewritten(record, '', (text) => replace(text, finder.secretsIn(text), (kind) => found(kind, record))),
  )
  const all = Buffer.concat(messages.map(({ wire }) => Buffer.from(wire)))
  const matches = await search(all.toString('latin1'), finder)
  let at = 0
  let next = 0
  return messages.map((record) => {
    const [from, to] = [at, (at += record.wire.length)]
    let isChanged = false
    for (let match = matches[next]; match && match.start < to; match = matches[next]) {
      isChanged = true
      if (match.start >= from) fill(all, match, (kind) => found(kind, record))
      if (match.end > to) break
      next++
    }
    return isChanged ? { ...record, wire: wireOf(all.subarray(from, to)) } : record
  })
}

/** Each byte is one character. */
async function search(text: string, finder: Finder): Promise<Match[]> {
  const matches: Match[] = []
  for (let start = 0; start < text.length; start += AT_ONCE) {
    if (start > 0) await nextTurn()
    for (const match of finder.secretsIn(text.slice(start, start + AT_ONCE + OVERLAP)))
      matches.push({ ...match, start: start + match.start, end: start + match.end })
  }
  return merged(text, matches)
}

/** Puts a placeholder that is as long as what it stands for: cut, or filled up. */
function fill(bytes: Buffer, { start, end, kind, placeholder }: Match, tell: (kind: string) => void): void {
  bytes.fill('*', start, end)
  bytes.write(placeholder, start, end - start, 'latin1')
  tell(kind)
}
