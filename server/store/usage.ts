/** Which fixtures a run used, as lines of a log. No file is touched here. */
import canonicalize from 'canonicalize'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { DeltatapeError } from '../base/errors.ts'
import { asText, parseJson } from '../base/json.ts'
import { type Identity, fileName, keyed } from '../fixture/key.ts'
import { LIKENESS_CHARS, inputOf } from '../fixture/likeness.ts'

/** A call that had no fixture. */
export interface Missed {
  /** The file name that its fixture would have. */
  readonly missed: string
  /** A short hash of each member as the key sees it, by which those that differ are found. */
  readonly members: Readonly<Record<string, string>>
  /** The beginning of its input, redacted, by which the likeness of another is told. */
  readonly input: string
}

export interface Usage {
  /** The names of the files that were replayed, or written. */
  readonly used: ReadonlySet<string>
  readonly missed: readonly Missed[]
}

const HASH_CHARS = 16

const hashOf = (value: unknown): string =>
  createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex')
    .slice(0, HASH_CHARS)

/** A short hash of each member as the key sees it. */
export const membersOf = (identity: Identity): Record<string, string> =>
  Object.fromEntries(Object.entries(keyed(identity)).map(([name, value]) => [name, hashOf(value)]))

/** The line for a fixture that was used. */
export const usedLine = (name: string): string => `${JSON.stringify({ used: name })}\n`

/** The line for a call that had no fixture. */
export function missedLine(identity: Identity): string {
  const input = asText(inputOf(identity)).slice(0, LIKENESS_CHARS).toWellFormed()
  const missed: Missed = { missed: fileName(identity), members: membersOf(identity), input }
  return `${JSON.stringify(missed)}\n`
}

const lineSchema = z.union([
  z.object({ used: z.string() }),
  z.object({ missed: z.string(), members: z.record(z.string(), z.string()), input: z.string() }),
])

/**
 * Reads what runs have written.
 *
 * @param file where the text is from, for the message
 * @throws DeltatapeError `usage_unusable` if a line is not valid. It may be half of a "used" line; skipping it would
 *   report a used fixture as unused.
 */
export function parseUsage(text: string, file: string): Usage {
  const used = new Set<string>()
  const missed: Missed[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue
    const result = lineSchema.safeParse(parseJson(line))
    if (!result.success) {
      throw unusable(`${JSON.stringify(file)} is no usage log: line ${index + 1} is not what a run writes there`)
    }
    if ('used' in result.data) used.add(result.data.used)
    else missed.push(result.data)
  }
  return { used, missed }
}

/** Says that a usage log tells nothing of these fixtures, and what to give instead. */
export const unusable = (why: string): DeltatapeError =>
  new DeltatapeError('usage_unusable', `${why}. Give the USAGE_LOG of a run on these fixtures.`)
