/** What every worker is told of the server of its run. Workers load this: it needs nothing else. */
import type { Told as Turn } from '../../serve/turns.ts'

export type { Turn }

export interface Told {
  /** Where the server listens. */
  readonly url: string
  /** The variables in which programs find it, each with what stands behind the address of a client. */
  readonly paths: Readonly<Record<string, string>>
  /** The variables for keys that are to hold something else. */
  readonly keys: Readonly<Record<string, string>>
  /** Whether answers are replayed, and nothing is called. */
  readonly replays: boolean
  /** What becomes of a test that asked for what nobody recorded. */
  readonly misses: 'fail' | 'ignore'
  /** What the network is blocked but for; undefined if it is open. */
  readonly network: Network | undefined
  /** What is run to record all that the tests ask. */
  readonly howToRecord: string
}

/** Hosts beyond this machine. */
export interface Network {
  /** The pattern for those that tests may reach. */
  readonly allowed: string
  /** The pattern for those of APIs: who tries one of them wants an answer of a model. */
  readonly apis: string
}

/** Who asks where no worker does: what starts before them, and pages of browsers. */
export const ELSEWHERE = 'vitest'

/** The address of a client of the server. */
export const addressOf = (told: Told, name: string): string => `${told.url}/@${name}`

/** The variables of a client of the server. */
export function variablesOf(told: Told, name: string): Record<string, string> {
  const address = addressOf(told, name)
  const places = Object.entries(told.paths).map(([variable, path]) => [variable, address + path])
  return { ...Object.fromEntries(places), ...told.keys, DELTATAPE_URL: address }
}

/** Failures that are none of an API: no fixture, one that cannot be used, or something in deltatape itself. */
const OURS: ReadonlySet<string | undefined> = new Set(['fixture_miss', 'fixture_invalid', 'rule_too_slow', 'internal'])

/** Whether a call had no answer that anybody recorded. */
export const isMiss = ({
  action,
  code,
}: {
  readonly action?: string | undefined
  readonly code?: string | undefined
}): boolean => action === 'miss' || OURS.has(code)

/** The explanation of a miss: what is to be compared, and what may be run, each on a line of its own. */
export const inLines = (text: string): string =>
  text
    .replace(/ (?=The nearest )/, '\n')
    .replace(/ (To write its answer:) `(.*)`(.*)\.(?= To record it:)/, '\n$1\n  $2$3')
    .replace(/ (To record it:) `(.*)`\.$/, '\n$1\n  $2')
