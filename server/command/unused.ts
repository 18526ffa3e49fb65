/** `deltatape unused`: the fixtures that no run has asked for. */
import { Command } from 'commander'
import { printable } from '../base/text.ts'
import { createRedactor } from '../redact/redactor.ts'
import { openStore } from '../store/store.ts'
import { describeDamaged, describeUnused, gatherUnused } from '../upkeep/unused.ts'
import { type Define, addVariables, configFrom, shownPath } from './command.ts'

export const defineUnused: Define = ({ env, terminal, clock, exit }) =>
  addVariables(new Command('unused'), 'FIXTURES_DIR')
    .description('Lists the fixtures that were not used by the runs that wrote these logs.')
    .argument('<file...>', 'what servers wrote with USAGE_LOG=file')
    .option('--json', 'write one JSON value for programs')
    .addHelpText(
      'after',
      `
Examples:
  USAGE_LOG=used.jsonl npm test
  deltatape unused used.jsonl

A fixture that a used one continues is used, too.
Exit codes: 0 all are used, 1 some are not, 2 it could not look.`,
    )
    .action(async (files: readonly string[], { json }: { readonly json?: true }, command: Command) => {
      const { fixturesDir: dir } = configFrom(command, env, 'FIXTURES_DIR')
      const { unused, damaged } = await gatherUnused(openStore({ dir, redactor: createRedactor(), clock }), files)
      if (unused.length > 0) exit(1)
      if (damaged.length > 0) terminal.tell(printable(describeDamaged(damaged)))
      if (json) {
        const told = unused.map(({ name, ...rest }) => ({ file: shownPath(dir, name), ...rest }))
        return terminal.write(JSON.stringify({ unused: told }, null, 2))
      }
      for (const each of unused) {
        terminal.write(`${terminal.style('bold', shownPath(dir, each.name))} ${printable(describeUnused(each))}`)
      }
      if (unused.length === 0) terminal.write(terminal.style('green', 'All fixtures were used.'))
    })
