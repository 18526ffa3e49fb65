/** What a user can say to the plugin. */
import type { Mode } from '../../model/mode.ts'

export interface DeltatapeOptions {
  /** Where the fixtures are, from the root of the project; `fixtures` unless FIXTURES says otherwise. */
  readonly fixtures?: string
  /** Who answers, if MODEL_MODE does not say: `replay` unless it is given. */
  readonly mode?: Mode
  /** How replay spends the recorded time, if REPLAY_PACE does not say: `instant`, `recorded`, `2x`, `15ms`. */
  readonly pace?: string
  /** What breaks every answer, if FAULT does not say. A test breaks its own with `tape.fault`. */
  readonly fault?: string
  /** Whether tests may reach this machine alone; by default in replay. */
  readonly blockNetwork?: boolean
  /** Hosts that they may reach all the same, such as that of a database. `*` stands for anything. */
  readonly allowHosts?: readonly string[]
  /** What becomes of a test that asks for what nobody recorded. */
  readonly misses?: 'fail' | 'ignore'
  /** What becomes of a whole run that left fixtures unused: it is told (the default), or fails for it. */
  readonly unused?: 'tell' | 'fail' | 'ignore'
  /** Further variables for the server, such as a key from an `.env` file. Those of the process count first. */
  readonly env?: Readonly<Record<string, string | undefined>>
}
