/** Opens fixtures as a configuration says: its rules, its redactor, its store. */
import type { Clock } from '../base/clock.ts'
import { type Redactor, createRedactor, secretsOf } from '../redact/redactor.ts'
import { type Rules, readRules } from '../redact/rules.ts'
import { type Store, openStore } from './store.ts'

/** What has to be known; a configuration holds all of it. */
export interface FixtureSettings {
  readonly fixturesDir: string
  readonly configFile: string | undefined
  readonly apiKey: string | undefined
  readonly authToken: string | undefined
  /** The keys for further APIs, by their variables. */
  readonly keys?: Readonly<Record<string, string>>
}

export interface OpenFixtures {
  readonly store: Store
  readonly redactor: Redactor
  readonly rules: Rules
}

/** @throws DeltatapeError `config_invalid` if the file of rules cannot be used */
export function openFixtures(settings: FixtureSettings, clock: Clock): OpenFixtures {
  const rules = readRules(settings.configFile)
  const redactor = createRedactor(secretsOf(settings), rules)
  return { store: openStore({ dir: settings.fixturesDir, redactor, clock }), redactor, rules }
}
