/** `deltatape unused`: the fixtures that no run asked for. */
import { Command } from 'commander'
import { EXIT } from '../base/errors.ts'
import { printable } from '../base/text.ts'
import { describeDamaged, describeUnused, gatherUnused } from '../upkeep/unused.ts'
import { type Define, shownPath } from './command.ts'
import { addFixtures, fixturesOf } from './fixtures.ts'

export const defineUnused: Define = (context) =>
  addFixtures(new Command('unused'))
    .argument('<file...>', 'what servers wrote with USAGE_LOG=file')
    .option('--json', 'write one JSON value for programs')
    .addHelpText(
      'after',
      `
Examples:
  USAGE_LOG=used.jsonl npm test
  npx deltatape unused used.jsonl
  MODEL_MODE=record USAGE_LOG=new.jsonl npm test
  npx deltatape unused new.jsonl             what it left over of an old run

A fixture that a used one continues is used, too, and so is one that could not
be recorded again.
Exit codes: 0 all are used, 1 some are not, 2 it could not look.`,
    )
    .action(async (files: readonly string[], { json }: { readonly json?: true }, command: Command) => {
      const { terminal } = context
      const { store } = fixturesOf(command, context)
      const { unused, damaged } = await gatherUnused(store, files)
      if (unused.length > 0) context.exit(EXIT.found)
      if (damaged.length > 0) terminal.tell(printable(describeDamaged(damaged, store.flags)))
      if (json) {
        const told = unused.map(({ name, ...rest }) => ({ file: store.pathOf(name), ...rest }))
        return terminal.write(JSON.stringify({ unused: told }, null, 2))
      }
      for (const each of unused) {
        terminal.write(`${terminal.style('bold', shownPath(store, each.name))} ${printable(describeUnused(each))}`)
      }
      if (unused.length === 0) terminal.write(terminal.style('green', 'All fixtures were used.'))
    })
