/** What a user can say to the plugin. */
import type { Settings } from '../../serve/settings.ts'

/**
 * What the server is told, of which the variables of the process count first, and what becomes of tests. Relative folders
 * begin at the root of the project.
 */
export interface DeltatapeOptions extends Settings {
  /** Whether tests may reach this machine alone; by default in replay. */
  readonly blockNetwork?: boolean
  /** Hosts that they may reach all the same, such as that of a database. `*` stands for anything. */
  readonly allowHosts?: readonly string[]
  /** What becomes of a test that asks for what nobody recorded: it fails (the default), or not. */
  readonly misses?: 'fail' | 'ignore'
  /** What becomes of a whole run that left fixtures unused: it is told (the default), or fails for it, or not. */
  readonly unused?: 'tell' | 'fail' | 'ignore'
  /** Further variables for the server, such as those of an `.env` file. Those of the process count first. */
  readonly env?: Readonly<Record<string, string | undefined>>
}
