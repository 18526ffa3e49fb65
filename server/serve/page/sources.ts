/** Where the data of the page comes from: the fixtures, and what the server was told. */
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { quoted } from '../../base/name.ts'
import { deltatape, marked } from '../../base/command-line.ts'
import { VERSION } from '../../base/version.ts'
import { type StoredFixture, continuedBy } from '../../fixture/fixture.ts'
import { isDamage } from '../../fixture/damage.ts'
import { wordOf } from '../../model/pace.ts'
import { wordsOf } from '../../model/faults.ts'
import type { Redactor } from '../../redact/redactor.ts'
import type { Store } from '../../store/store.ts'
import type { Config } from '../config.ts'
import type { PageSources } from './api.ts'
import type { View } from './data.ts'
import { createReplays } from './replay.ts'
import { createRows } from './rows.ts'
import { viewOf } from './view.ts'

export interface SourcesOptions {
  readonly config: Config
  readonly store: Store
  readonly redactor: Redactor
  readonly clock: Clock
}

/** What is made of fixtures alone. */
export interface Sources extends Pick<PageSources, 'status' | 'rows' | 'search' | 'view' | 'raw'> {
  /** The view of a fixture that was read already, wherever. */
  viewOf(fixture: StoredFixture): Promise<View>
  /**
   * A fixture by its name, in the store alone.
   *
   * @throws DeltatapeError `not_found`, `too_large`, `fixture_invalid`
   */
  fixture(name: string): Promise<StoredFixture>
}

/** How large a fixture is that the page shows, in bytes of its files and in records: a view of it takes a few times as much. */
const [MAX_BYTES, MAX_RECORDS] = [64 * 1024 * 1024, 100_000]

const tooLarge = (name: string, flags: readonly string[], [size, most]: readonly [size: string, most: string]) =>
  new DeltatapeError(
    'too_large',
    `${quoted(name)} has ${size}, and the page shows at most ${most}. ${marked(deltatape('show', ...flags, name))} tells of it in a terminal; its file can be had whole.`,
  )

/** Makes what finds fixtures by their names: a name is looked up among those that there are, and never becomes a path. */
function createLookup(store: Store) {
  const known = async (name: string): Promise<string> => {
    if ((await store.list()).includes(name)) return name
    throw new DeltatapeError(
      'not_found',
      `There is no fixture ${quoted(name)} in ${quoted(store.place)}. ${marked(deltatape('ls', ...store.flags))} shows what there is.`,
    )
  }
  return {
    known,
    async fixture(name: string): Promise<StoredFixture> {
      const { bytes = 0 } = (await store.state(await known(name))) ?? {}
      if (bytes > MAX_BYTES) throw tooLarge(name, store.flags, [`${bytes} bytes`, `${MAX_BYTES} bytes`])
      return store.read(name)
    },
  }
}

export function createSources({ config, store, redactor, clock }: SourcesOptions): Sources {
  const { place } = store
  const replayOf = createReplays(config, store)
  const rows = createRows(store, clock)
  const { version, mode, chatbotModel, pace, fault } = { ...config, version: VERSION }

  const { known, fixture } = createLookup(store)
  const previousOf = async (of: StoredFixture): Promise<View['previous']> => {
    const key = continuedBy(of)
    if (key === undefined) return undefined
    try {
      return { key, name: await store.nameWith(key) }
    } catch (error) {
      if (isDamage(error)) return { key }
      throw error
    }
  }
  const view = async (of: StoredFixture): Promise<View> => {
    const { length } = of.records
    if (length > MAX_RECORDS) throw tooLarge(of.name, store.flags, [`${length} records`, `${MAX_RECORDS}`])
    return viewOf(of, { previous: await previousOf(of), replay: await replayOf(of), flags: store.flags, redactor })
  }

  return {
    status: () => ({
      version,
      mode,
      fixtures: place,
      serve: deltatape('serve', ...store.flags),
      chatbotModel,
      pace: wordOf(pace),
      ...(fault && { fault: wordsOf(fault) }),
    }),
    ...rows,
    fixture,
    viewOf: view,
    view: async (name) => view(await fixture(name)),
    raw: async (name) => store.text(await known(name)),
  }
}
