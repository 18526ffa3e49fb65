/** `deltatape redact`: puts the rules of now onto fixtures that were recorded before. */
import { Command } from 'commander'
import { printable } from '../base/text.ts'
import { createRedactor, secretsOf } from '../redact/redactor.ts'
import { readRules } from '../redact/rules.ts'
import { checkStore } from '../store/directory.ts'
import { openStore } from '../store/store.ts'
import { type Merged, type Planned, applyTo, mergesIn, planFor } from '../upkeep/rewrite.ts'
import { describeDamaged } from '../upkeep/unused.ts'
import { type Define, addVariables, configFrom, shownPath } from './command.ts'
import { type Terminal, counted } from './terminal.ts'

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

function lineFor({ name, next, kinds }: Planned, dir: string, { style }: Terminal): string {
  const what = kinds.size > 0 ? [...kinds].join(', ') : 'continues one whose key changes'
  const renamed = next === name ? '' : `\n  becomes ${printable(next)}`
  return `${style('bold', shownPath(dir, name))}: ${printable(what)}${renamed}`
}

const lineForMerge = ({ kept, dropped }: Merged, dir: string, { style }: Terminal): string =>
  `${style('yellow', 'one request:')} ${[kept, ...dropped].map(({ name }) => shownPath(dir, name)).join(', ')}\n  the first is kept as ${printable(kept.next)}, the others go`
