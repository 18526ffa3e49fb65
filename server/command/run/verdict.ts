/** What is told of a run in its end, and whether a command that passed has failed all the same. Pure. */
import type { Service } from '../../api/hosts.ts'
import { deltatape, marked } from '../../base/command-line.ts'
import type { Mode } from '../../model/mode.ts'
import type { Untold } from '../../serve/misses.ts'
import { apiAt } from './apis.ts'
import type { Stray } from './proxy.ts'

/** What becomes of something that should not be: it fails the run, or is told alone. */
export const SEVERITIES = ['fail', 'tell'] as const

export type Severity = (typeof SEVERITIES)[number]

/** All that is known of a run that is over. */
export interface Course {
  readonly mode: Mode
  /** The exit code of the command. */
  readonly code: number
  readonly misses: { readonly severity: Severity; readonly untold: Untold }
  /** Whether no call came that has, or would have, a fixture. */
  readonly isIdle: boolean
  readonly strays: readonly Stray[]
  /** Hosts of APIs, as the user has named them, beside those that everybody knows. */
  readonly hosts: readonly string[]
  /** The fixtures that nobody asked for, a line for each; absent where nobody wants to know. */
  readonly unused?:
    { readonly severity: Severity; readonly lines: readonly string[]; readonly flags?: readonly string[] } | undefined
}

export interface Verdict {
  readonly code: number
  /** What is told, each a line or several. */
  readonly told: readonly string[]
}

/** How many reasons, hosts and fixtures are told, each. */
const MAX_TOLD = 20

/** The exit code of a run whose command passed, and that failed. */
const FAILED = 1

export function verdictOf(course: Course): Verdict {
  const { mode, code, misses, strays, unused } = course
  const known = strays.flatMap((stray) => {
    const service = apiAt(stray.host, course.hosts)
    return service === undefined ? [] : [{ stray, service }]
  })
  const others = strays.filter((stray) => known.every((each) => each.stray !== stray))
  const notPlayed = misses.untold.reasons.reduce((sum, { times }) => sum + times, misses.untold.more)
  const isMissed = notPlayed > 0 || (mode === 'replay' && known.length > 0)
  const isUnused = (unused?.lines.length ?? 0) > 0
  const flags = [
    ...(isMissed && misses.severity === 'fail' ? ['--misses tell'] : []),
    ...(isUnused && unused?.severity === 'fail' ? ['--unused tell'] : []),
  ]
  const fails = code === 0 && flags.length > 0
  return {
    code: fails ? FAILED : code,
    told: [
      ...missLines(misses.untold, notPlayed),
      ...(course.isIdle && (mode === 'record' || mode === 'auto') ? [IDLE] : []),
      ...within(known.map(({ stray, service }) => strayLine(stray, service, mode))),
      ...otherLines(others, mode),
      ...unusedLines(unused?.lines ?? [], unused?.flags),
      ...(fails ? [`So the run fails, though its command passed (${flags.join(' ')} lets it pass).`] : []),
    ],
  }
}

const within = (lines: readonly string[]): readonly string[] =>
  lines.length > MAX_TOLD ? [...lines.slice(0, MAX_TOLD), `… and ${lines.length - MAX_TOLD} more.`] : lines

const times = (count: number): string => (count === 1 ? '' : ` (${count} times)`)

/** A line, and below it what it is about. */
const listed = (about: string, lines: readonly string[]): string =>
  [about, ...within(lines).map((line) => `  ${line}`)].join('\n')

function missLines({ reasons }: Untold, notPlayed: number): readonly string[] {
  if (notPlayed === 0) return []
  const about = notPlayed === 1 ? 'A call was not replayed:' : `${notPlayed} calls were not replayed:`
  return [
    listed(
      about,
      reasons.map((each) => each.why + times(each.times)),
    ),
  ]
}

/** A user who records wants something to be recorded. */
const IDLE =
  'No call came to deltatape, so nothing was recorded. The command finds it by OPENAI_BASE_URL and the like: does it set a base URL of its own? And most SDKs call nothing without a key, such as OPENAI_API_KEY.'

/** @param flags with which another command finds the same fixtures */
function unusedLines(lines: readonly string[], flags: readonly string[] = []): readonly string[] {
  if (lines.length === 0) return []
  const about = lines.length === 1 ? 'A fixture was not asked for:' : `${lines.length} fixtures were not asked for:`
  const prune = marked(deltatape('prune', ...flags, 'used.jsonl'))
  return [listed(about, lines), `To remove what is not needed, run it with USAGE_LOG=used.jsonl, and then ${prune}.`]
}

function strayLine(stray: Stray, { addresses = [] }: Partial<Service>, mode: Mode): string {
  const [variable] = addresses
  const address = variable === undefined ? `$DELTATAPE_URL/${stray.host}` : `$${variable}`
  const mend = `What called it has to have the base URL ${address}, which ${marked(deltatape('run'))} sets.`
  return mode === 'replay'
    ? `The command tried to reach ${stray.to}${times(stray.times)}, which does not go through deltatape, and was not let out. ${mend}`
    : `The command reached ${stray.to}${times(stray.times)} past deltatape: what went there is not recorded. ${mend}`
}

function otherLines(strays: readonly Stray[], mode: Mode): readonly string[] {
  if (strays.length === 0) return []
  const told = strays.slice(0, MAX_TOLD).map((stray) => stray.to + times(stray.times))
  const more = strays.length > MAX_TOLD ? ` and ${strays.length - MAX_TOLD} more` : ''
  return mode === 'replay'
    ? [`Not let out in replay: ${told.join(', ')}${more}. Name in NO_PROXY what the command may reach.`]
    : [`Not recorded, as it went past deltatape: ${told.join(', ')}${more}.`]
}
