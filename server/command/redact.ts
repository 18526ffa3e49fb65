/** `deltatape redact`: puts the rules of now onto fixtures that were recorded before. */
import { Command } from 'commander'
import { secretsOf } from '../config.ts'
import { DeltatapeError } from '../errors.ts'
import { isGood, parseFixture } from '../fixture.ts'
import { fileName } from '../identity.ts'
import { printable } from '../log.ts'
import { createRedactor, type Redactor } from '../redact.ts'
import { mergesIn, parentsFirst, redactAgain, type Merged, type Planned } from '../redaction.ts'
import { readRules } from '../rules.ts'
import { checkStore } from '../directory.ts'
import { openStore, type Store } from '../store.ts'
import { addVariables, configFrom, type Define } from './command.ts'
import { shownPath } from './fixtures.ts'
import { counted, type Terminal } from './terminal.ts'
import { describeDamaged } from './usage.ts'

interface Options {
  readonly apply?: true
  readonly json?: true
}

export const defineRedact: Define = ({ env, terminal, clock, exit, interrupted }) =>
  addVariables(new Command('redact'), 'FIXTURES_DIR', 'CONFIG_FILE')
    .description('Shows which fixtures hold what is to be redacted, and redacts it.')
    .option('--apply', 'change the fixtures, their keys and their names')
    .option('--json', 'write one JSON value for programs')
    .addHelpText(
      'after',
      `
Examples:
  deltatape redact             what would change
  deltatape redact --apply     change it

The rules are the built-in ones, OPENAI_API_KEY and AUTH_TOKEN themselves, and
those of deltatape.config.json:
  {"redact":[
    {"pattern":"[a-z]+@example\\\\.com","flags":"i","placeholder":"[email]"},
    {"path":"$.metadata.customer","placeholder":"[customer]"}]}

Exit codes: 0 nothing is left to redact, 1 something is, 2 it could not look.`,
    )
    .action(async ({ apply, json }: Options, command: Command) => {
      const config = configFrom(command, env, 'FIXTURES_DIR', 'CONFIG_FILE', 'OPENAI_API_KEY', 'AUTH_TOKEN')
      const { fixturesDir: dir } = config
      const redactor = createRedactor(secretsOf(config), readRules(config.configFile))
      const store = openStore({ dir, redactor, clock })
      await checkStore(dir, { write: apply ?? false })
      const { plan, damaged } = await planFor(store, redactor, terminal)
      const changing = plan.filter(({ changed }) => changed)
      const merges = mergesIn(plan)

      const show = (name: string) => shownPath(dir, name)
      const end = (text: string) => {
        const told = {
          changing: changing.map(({ name, next, kinds }) => ({
            file: show(name),
            becomes: show(next),
            kinds: [...kinds],
          })),
          dropped: merges.flatMap(({ dropped }) => dropped.map(({ name }) => show(name))),
          damaged: damaged.map(show),
          applied: apply ?? false,
        }
        terminal.write(json ? JSON.stringify(told, null, 2) : text)
      }
      if (!json) {
        for (const each of changing) terminal.write(lineFor(each, dir, terminal))
        for (const each of merges) terminal.write(lineForMerge(each, dir, terminal))
      }
      if (damaged.length > 0) {
        terminal.tell(printable(describeDamaged(damaged)))
        exit(2)
      }
      const of = `of ${counted(plan.length, 'fixture')}`
      if (changing.length === 0)
        return end(terminal.style('green', `Nothing to redact in ${counted(plan.length, 'fixture')}.`))
      if (!apply) {
        exit(1)
        return end(`${changing.length} ${of} would change. To change them: deltatape redact --apply`)
      }
      await applyTo(store, { plan, merges, redactor, signal: interrupted() })
      return end(`${changing.length} ${of} changed.`)
    })

async function planFor(
  store: Store,
  redactor: Redactor,
  terminal: Terminal,
): Promise<{ plan: Planned[]; damaged: string[] }> {
  const { candidates, damaged: unreadable } = await store.survey()
  const damaged = [...unreadable]
  const plan: Planned[] = []
  const keys = new Map<string, string>()
  const bar = terminal.progress(candidates.length, 'fixtures')
  try {
    for (const { name } of parentsFirst(candidates)) {
      bar.step()
      try {
        const fixture = parseFixture(await store.text(name), name)
        const previousKey = keys.get(fixture.previousKey ?? '') ?? fixture.previousKey
        const { fixture: next, changed, kinds } = redactAgain(fixture, redactor, previousKey)
        keys.set(fixture.key, next.key)
        const [good, at] = [isGood(fixture), fixture.recorded.at]
        plan.push({ name, next: changed ? fileName(next) : name, key: next.key, changed, kinds, previousKey, good, at })
      } catch (error) {
        if (!(error instanceof DeltatapeError)) throw error
        damaged.push(name)
      }
    }
  } finally {
    bar.stop()
  }
  return { plan, damaged: damaged.toSorted() }
}

interface Application {
  readonly plan: readonly Planned[]
  readonly merges: readonly Merged[]
  readonly redactor: Redactor
  readonly signal: AbortSignal
}

/**
 * Changes the files, continuations before what they continue: when it is interrupted, those that are changed name the
 * keys that the others are going to have, and the next time brings the rest.
 */
async function applyTo(store: Store, { plan, merges, redactor, signal }: Application): Promise<void> {
  const keptFor = new Map(merges.flatMap(({ kept, dropped }) => dropped.map((each) => [each.name, kept] as const)))
  const dropped = plan.filter(({ name }) => keptFor.has(name))
  for (const { name, changed, previousKey } of plan.toReversed()) {
    if (!changed || keptFor.has(name)) continue
    if (signal.aborted) {
      throw new DeltatapeError('cancelled', 'Interrupted: some fixtures are changed, and none is lost. Run it again.')
    }
    const fixture = parseFixture(await store.text(name), name)
    await store.replace(name, redactAgain(fixture, redactor, previousKey).fixture)
  }
  // Last, when what is kept in their place is there. Its file may have the name of one that goes.
  const there = new Set(plan.filter(({ name }) => !keptFor.has(name)).map(({ next }) => next))
  for (const { name } of dropped) if (!there.has(name)) await store.remove(name)
}

function lineFor({ name, next, kinds }: Planned, dir: string, { style }: Terminal): string {
  const what = kinds.size > 0 ? [...kinds].join(', ') : 'continues one whose key changes'
  const renamed = next === name ? '' : `\n  becomes ${printable(next)}`
  return `${style('bold', shownPath(dir, name))}: ${printable(what)}${renamed}`
}

const lineForMerge = ({ kept, dropped }: Merged, dir: string, { style }: Terminal): string =>
  `${style('yellow', 'one request:')} ${[kept, ...dropped].map(({ name }) => shownPath(dir, name)).join(', ')}\n  the first is kept as ${printable(kept.next)}, the others go`
