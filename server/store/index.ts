/** Opens fixtures as a configuration says: its rules, its redactor, its store. */
import { homedir, tmpdir } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { type Match, createMatch } from '../fixture/match.ts'
import type { Places } from '../fixture/places.ts'
import { type Redactor, createRedactor, secretsOf } from '../redact/redactor.ts'
import { type Rules, readRules } from '../redact/rules.ts'
import { type DriverSettings, type Surroundings, openDriver } from './open.ts'
import { flagsFor, passwordsIn } from './place.ts'
import { type Store, openStore } from './store.ts'

/** What has to be known; a configuration holds all of it. */
export interface FixtureSettings extends Omit<DriverSettings, 'mayBeMissing'> {
  /** Whether somebody said so. In `replay` a folder that nobody named may be missing: it is as good as empty. */
  readonly fixturesNamed?: boolean
  /** How many bytes of fixtures are kept in memory. */
  readonly fixturesMemoryBytes?: number
  readonly configFile: string | undefined
  readonly apiKey: string | undefined
  readonly authToken: string | undefined
  /** The keys for further APIs, by their variables. */
  readonly keys?: Readonly<Record<string, string>>
}

export interface OpenFixtures {
  readonly store: Store
  /** What counts for keys, if the user has a say in it. */
  readonly match: Match | undefined
  readonly redactor: Redactor
  readonly rules: Rules
}

/** Where this process was when it was started. */
const HERE: Places = { cwd: process.cwd(), home: homedir(), tmp: tmpdir() }

/** A directory whose name is to be redacted stands in no fixture. */
const clean = (places: Places, redactor: Redactor): Places =>
  Object.fromEntries(Object.entries(places).filter(([, path = '']) => redactor.text(path) === path))

/** Who hears of what is done with fixtures. */
export interface Hearers extends Pick<Surroundings, 'watch' | 'warn' | 'onStale'> {
  /** Where this process is, if it is not where it was started. */
  readonly here?: Places
}

/** @throws DeltatapeError `config_invalid` if the file of rules cannot be used, or no engine is named so */
export function openFixtures(settings: FixtureSettings, clock: Clock, hearers: Hearers = {}): OpenFixtures {
  const { fixturesNamed, mode, howToRecord, fixturesMemoryBytes: memoryBytes } = settings
  const rules = readRules(settings.configFile)
  const secrets = { ...secretsOf(settings), 'store-password': passwordsIn(settings.fixturesDir) }
  const redactor = createRedactor(secrets, rules)
  const here = clean(hearers.here ?? HERE, redactor)
  const match = rules.match && createMatch(rules.match, here)
  const mayBeMissing = mode === 'replay' && fixturesNamed === false
  const driver = openDriver({ ...settings, mayBeMissing }, { ...hearers, clock })
  const flags = flagsFor(settings.fixturesDir, settings.configFile)
  const store = openStore({ driver, memoryBytes, redactor, clock, match, here, howToRecord, flags })
  return { store, match, redactor, rules }
}
