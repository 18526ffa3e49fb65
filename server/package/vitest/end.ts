/** What is said when the tests are over: of calls that came too late for their tests, and of fixtures that none used. */
import { z } from 'zod'
import { systemClock } from '../../base/clock.ts'
import { deltatape, marked, withVariables } from '../../base/command-line.ts'
import { parseJson } from '../../base/json.ts'
import type { Config } from '../../serve/config.ts'
import type { Names } from '../../serve/names.ts'
import { openFixtures } from '../../store/index.ts'
import { placeOf } from '../../store/place.ts'
import { describeDamaged, describeUnused, unusedBy } from '../../upkeep/unused.ts'
import { HOW_TO_RECORD } from './settings.ts'
import { inLines, isMiss } from './told.ts'

const turnSchema = z.object({
  action: z.string().exactOptional(),
  code: z.string().exactOptional(),
  message: z.string().default(''),
})

/**
 * What had no fixture, and was told to no test: a text for each test that asked it when it was over.
 *
 * @param titles of the tests, by their ids
 */
export function lateMisses(names: Names, titles: ReadonlyMap<string, string>): string[] {
  return names.known().flatMap((name) => {
    const turns = names.tell(name).told.map((told) => turnSchema.parse(parseJson(told)))
    const texts = new Set(turns.filter(isMiss).map(({ message }) => message))
    if (texts.size === 0) return []
    const title = titles.get(name.split('~')[1] ?? '')
    const when = title === undefined ? 'outside of the tests' : `after "${title}" was over`
    const head = `deltatape: What nobody recorded was asked for ${when}, so this run fails.`
    return [[head, ...[...texts].map(inLines)].join('\n\n')]
  })
}

/**
 * Says which fixtures a run did not use; undefined if it used all.
 *
 * @throws DeltatapeError `fixtures_unusable`
 */
export async function unusedFixtures(config: Config, usageLog: string): Promise<string | undefined> {
  const { store } = openFixtures(config, systemClock)
  const count = (await store.list()).length
  const { unused, damaged } = await unusedBy(store, usageLog)
  const flaws = damaged.length > 0 ? [describeDamaged(damaged, store.flags)] : []
  if (unused.length === 0) return flaws[0] && `deltatape: ${flaws[0]}`
  const shown = unused.slice(0, MAX_UNUSED).map((each) => `  ${each.name} ${describeUnused(each)}`)
  const more = unused.length > MAX_UNUSED ? [`  and ${unused.length - MAX_UNUSED} more`] : []
  const many = count === 1 ? 'the one fixture' : `${unused.length} of ${count} fixtures`
  const told = `deltatape: no test used ${many} in ${placeOf(config.fixturesDir)}:`
  return [told, ...shown, ...more, `To remove what is not needed any more: ${howToPrune(store.flags)}`, ...flaws].join(
    '\n',
  )
}

/** The commands that take away what a run did not use. */
const howToPrune = (flags: readonly string[]): string =>
  `${marked(withVariables({ USAGE_LOG: 'used.jsonl' }, HOW_TO_RECORD))}, and then ${marked(deltatape('prune', ...flags, 'used.jsonl'))}.`

/** How many unused fixtures are named. */
const MAX_UNUSED = 20
