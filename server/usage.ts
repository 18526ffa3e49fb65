/** Which fixtures a run used: the lines that it writes, and what they say about a directory. No file is touched here. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { z } from 'zod'
import { DeltatapeError } from './errors.ts'
import { fileName, keyed, type Identity } from './identity.ts'
import { asText, memberOf, parseJson } from './json.ts'
import { LIKENESS_CHARS, likeness, type Candidate } from './miss.ts'

/** A request that had no fixture. */
export interface Missed {
  /** The file name that its fixture would have. */
  readonly missed: string
  /** A short hash of each member, as the key sees it: enough to tell which differ. */
  readonly members: Readonly<Record<string, string>>
  /** The beginning of its input, redacted: enough to tell how alike another is. */
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

const membersOf = (identity: Identity): Record<string, string> =>
  Object.fromEntries(Object.entries(keyed(identity)).map(([name, value]) => [name, hashOf(value)]))

/** The line for a fixture that was used. */
export const usedLine = (name: string): string => `${JSON.stringify({ used: name })}\n`

/** The line for a request that had no fixture. */
export function missedLine(identity: Identity): string {
  const input = asText(identity.request.input ?? '')
    .slice(0, LIKENESS_CHARS)
    .toWellFormed()
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
 * @param text all lines
 * @param file where they are from, for the message
 * @throws DeltatapeError `usage_unusable` at a line that is none: it may be what is left of a use
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

/** A fixture that was not used. */
export interface Unused {
  readonly name: string
  /** A request that had no fixture, and differs from this one in a single member. */
  readonly rename?: { readonly member: string; readonly missed: string }
}

/**
 * The fixtures that were not used. One that a used one continues is used: without it the conversation could not be
 * found, or recorded again.
 *
 * @throws DeltatapeError `usage_unusable` where the runs used nothing that is here
 */
export function findUnused({ used, missed }: Usage, fixtures: readonly Candidate[]): Unused[] {
  const byKey = new Map(fixtures.map((fixture) => [fixture.key, fixture]))
  const needed = new Set<string>()
  for (const fixture of fixtures) {
    if (!used.has(fixture.name)) continue
    for (
      let at: Candidate | undefined = fixture;
      at && !needed.has(at.name);
      at = at.previousKey === undefined ? undefined : byKey.get(at.previousKey)
    ) {
      needed.add(at.name)
    }
  }
  if (needed.size === 0 && fixtures.length > 0) {
    throw unusable(
      used.size === 0 ? 'It says that no fixture was used' : 'None of the fixtures that it says were used is here',
    )
  }
  const unused = fixtures.filter(({ name }) => !needed.has(name))
  const distinct = [...new Map(missed.map((miss) => [miss.missed, miss])).values()]
  const { recordedSince, renames } = compare(unused, distinct)
  return unused.flatMap(({ name }): Unused[] => {
    if (recordedSince.has(name)) return []
    const rename = renames.get(name)
    return [rename === undefined ? { name } : { name, rename }]
  })
}

/** Below this two inputs are two questions, not one that was put in other words. */
const MIN_LIKENESS = 0.5

/** Compares what was not used with what was missed. */
function compare(unused: readonly Candidate[], missed: readonly Missed[]) {
  const recordedSince = new Set<string>()
  const pairs: { name: string; member: string; miss: Missed; alike: number }[] = []
  for (const fixture of unused) {
    const members = membersOf(fixture)
    for (const miss of missed) {
      const [member, ...more] = differing(members, miss.members)
      if (member === undefined) recordedSince.add(fixture.name)
      if (member === undefined || more.length > 0) continue
      const alike = member === 'input' ? likeness(fixture.request.input, miss.input) : 1
      if (alike >= MIN_LIKENESS) pairs.push({ name: fixture.name, member, miss, alike })
    }
  }
  // The most alike find each other; what was asked in place of one fixture was not asked in place of another.
  const renames = new Map<string, { member: string; missed: string }>()
  const taken = new Set<Missed>()
  for (const { name, member, miss } of pairs.toSorted((x, y) => y.alike - x.alike)) {
    if (renames.has(name) || taken.has(miss)) continue
    renames.set(name, { member, missed: miss.missed })
    taken.add(miss)
  }
  return { recordedSince, renames }
}

function differing(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => memberOf(a, name) !== memberOf(b, name))
}

/** What is told of a fixture that was not used, behind its name. */
export const describeUnused = ({ rename }: Unused): string =>
  rename === undefined
    ? 'was not used'
    : `was not used, and a request that differs from it in \`${rename.member}\` alone had no fixture: record it again or rename (it would be ${rename.missed})`

const unusable = (why: string): DeltatapeError =>
  new DeltatapeError('usage_unusable', `${why}. Give the USAGE_LOG of a run on these fixtures.`)
