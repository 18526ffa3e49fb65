/** `deltatape redact`: puts the rules of now, of redaction and of `match`, onto fixtures that were recorded before. */
import { sparedBy } from '../redact/spared.ts'
import { Command } from 'commander'
import { deltatape, marked } from '../base/command-line.ts'
import { EXIT } from '../base/errors.ts'
import { printable } from '../base/text.ts'
import { type Merged, type Rewrite, type Refused, applyTo, madeOne, mergesIn, planFor } from '../upkeep/rewrite.ts'
import type { Store } from '../store/store.ts'
import { describeChanged, describeDamaged } from '../upkeep/unused.ts'
import { type Context, type Define, shownPath } from './command.ts'
import { addFixtures, fixturesWithSecrets, sameFixtures } from './fixtures.ts'
import { type Terminal, counted, countedOf } from './terminal.ts'

interface Options {
  readonly apply?: true
  readonly json?: true
}

export const defineRedact: Define = (context) =>
  addFixtures(new Command('redact'))
    .option('--apply', 'change the fixtures, their keys and their names')
    .option('--json', 'write one JSON value for programs')
    .addHelpText(
      'after',
      `
Examples:
  npx deltatape redact             what would change
  npx deltatape redact --apply     change it

The rules are the built-in ones, the keys of APIs and AUTH_TOKEN themselves, and
those of deltatape.config.json:
  {"redact":[
    {"pattern":"[a-z]+@example\\\\.com","flags":"i","placeholder":"[email]"},
    {"path":"$.metadata.customer","placeholder":"[customer]"}]}
Rules of match change no more than keys and names.

Exit codes: 0 nothing is left to redact, 1 something is, 2 it could not look,
or a rule would take a recording apart: then nothing is changed.`,
    )
    .action((options: Options, command: Command) => redact(context, options, command))

async function redact(context: Context, { apply, json }: Options, command: Command): Promise<void> {
  const { terminal, exit } = context
  const { store, redactor, match, rules } = fixturesWithSecrets(command, context)
  for (const line of sparedBy(rules.patterns)) terminal.tell(printable(line))
  await store.check({ write: apply ?? false })
  const { plan, refused, damaged } = await planFor(store, redactor, terminal, match)
  const changing = plan.filter(({ changed }) => changed)
  const merges = mergesIn(plan)
  const ones = madeOne(plan)
  const all = plan.length + refused.length
  /** @param left what was to be changed and is as it was; undefined if nothing was to be */
  const end = (text: string, left?: readonly string[]) => {
    const told = toldOf({ changing, merges, ones, refused, damaged, left }, store)
    terminal.write(json ? JSON.stringify(told, null, 2) : text)
  }
  if (!json) {
    const moved = new Set(changing.map(({ key }) => key))
    for (const each of changing) terminal.write(lineFor(each, moved, store, terminal))
    for (const each of merges) terminal.write(lineForMerge(each, store, terminal))
  }
  if (damaged.length > 0) {
    terminal.tell(printable(describeDamaged(damaged, store.flags)))
    exit(EXIT.notLooked)
  }
  if (refused.length > 0) {
    for (const each of refused) terminal.tell(lineForRefused(each, store))
    exit(EXIT.notLooked)
    return end(
      `${countedOf(refused.length, all, 'fixture')} cannot be redacted by these rules, and nothing was changed.`,
    )
  }
  if (ones.length > 0) {
    for (const each of ones) terminal.tell(lineForOne(each, store))
    exit(EXIT.notLooked)
    return end('Nothing was changed: remove what is not needed, or make the rules of match narrower.')
  }
  if (changing.length === 0) return end(terminal.style('green', `Nothing to redact in ${counted(all, 'fixture')}.`))
  if (!apply) {
    exit(EXIT.found)
    return end(
      `${countedOf(changing.length, all, 'fixture')} would change. To change them: ${marked(deltatape('redact', '--apply', ...sameFixtures(command, store)))}.`,
    )
  }
  const left = await applyTo(store, { plan, merges, redactor, match, signal: context.interrupted() })
  if (left.length > 0) {
    terminal.tell(describeChanged(left.map((name) => shownPath(store, name))))
    exit(EXIT.found)
  }
  const isLeft = new Set(left)
  const changed = changing.filter(({ name }) => !isLeft.has(name)).length
  return end(`${countedOf(changed, all, 'fixture')} changed.`, left)
}

interface Result {
  readonly changing: readonly Rewrite[]
  readonly merges: readonly Merged[]
  /** Fixtures that rules of match would make one. */
  readonly ones: readonly (readonly Rewrite[])[]
  readonly refused: readonly Refused[]
  readonly damaged: readonly string[]
  readonly left: readonly string[] | undefined
}

/** What is told to programs. */
const toldOf = ({ changing, merges, ones, refused, damaged, left }: Result, { pathOf }: Store) => ({
  changing: changing.map(({ name, next, kinds }) => ({
    file: pathOf(name),
    becomes: pathOf(next),
    kinds: [...kinds],
  })),
  dropped: merges.flatMap(({ dropped }) => dropped.map(({ name }) => pathOf(name))),
  damaged: damaged.map((name) => pathOf(name)),
  applied: left !== undefined,
  ...(ones.length > 0 ? { one: ones.map((same) => same.map(({ name }) => pathOf(name))) } : {}),
  ...(refused.length > 0 ? { refused: refused.map(({ name, why }) => ({ file: pathOf(name), why })) } : {}),
  ...(left && left.length > 0 ? { changed: left.map((name) => pathOf(name)) } : {}),
})

/** @param moved the keys that change */
function lineFor(planned: Rewrite, moved: ReadonlySet<string>, store: Store, { style }: Terminal): string {
  const { name, next, kinds, previousKey } = planned
  const why = moved.has(previousKey ?? '') ? 'continues one whose key changes' : 'another key, by the rules of match'
  const what = kinds.size > 0 ? [...kinds].join(', ') : why
  const renamed = next === name ? '' : `\n  becomes ${printable(next)}`
  return `${style('bold', shownPath(store, name))}: ${printable(what)}${renamed}`
}

const lineForRefused = ({ name, why }: Refused, store: Store): string =>
  `${shownPath(store, name)}: refused: ${printable(why)}`

const lineForOne = (same: readonly Rewrite[], store: Store): string =>
  `The rules of match make one request of ${same.map(({ name }) => shownPath(store, name)).join(', ')}: only one of them could be replayed.`

const lineForMerge = ({ kept, dropped }: Merged, store: Store, { style }: Terminal): string =>
  `${style('yellow', 'one request:')} ${[kept, ...dropped].map(({ name }) => shownPath(store, name)).join(', ')}\n  the first is kept as ${printable(kept.next)}, the others go`
