/** `deltatape prune`: takes the fixtures away that no run has asked for. */
import { Command } from 'commander'
import { DeltatapeError } from '../base/errors.ts'
import { printable } from '../base/text.ts'
import { createRedactor } from '../redact/redactor.ts'
import { openStore } from '../store/store.ts'
import { describeDamaged, describeUnused, gatherUnused } from '../upkeep/unused.ts'
import { type Define, addVariables, configFrom, shownPath } from './command.ts'
import { counted } from './terminal.ts'

interface Options {
  readonly yes?: true
  readonly dryRun?: true
  readonly json?: true
}

export const definePrune: Define = ({ env, terminal, clock, exit }) =>
  addVariables(new Command('prune'), 'FIXTURES_DIR')
    .description('Removes the fixtures that were not used by the runs that wrote these logs.')
    .argument('<file...>', 'what servers wrote with USAGE_LOG=file')
    .option('-y, --yes', 'do not ask')
    .option('-n, --dry-run', 'only say what would be removed')
    .option('--json', 'write one JSON value for programs')
    .addHelpText(
      'after',
      `
Examples:
  deltatape prune used.jsonl --dry-run
  deltatape prune chat.jsonl eval.jsonl --yes

Exit codes: 0 nothing unused is left, 1 something is, 2 it could not look
or ask.`,
    )
    .action(async (files: readonly string[], { yes, dryRun, json }: Options, command: Command) => {
      const { fixturesDir: dir } = configFrom(command, env, 'FIXTURES_DIR')
      const store = openStore({ dir, redactor: createRedactor(), clock })
      const { unused, damaged } = await gatherUnused(store, files)
      if (damaged.length > 0) terminal.tell(printable(describeDamaged(damaged)))
      const write = (text: string) => (json ? undefined : terminal.write(text))
      const end = (text: string, removed: boolean) => {
        const told = { unused: unused.map(({ name }) => shownPath(dir, name)), removed }
        terminal.write(json ? JSON.stringify(told, null, 2) : text)
      }
      if (unused.length === 0) return end('All fixtures were used: nothing to remove.', false)
      for (const each of unused) {
        write(`${terminal.style('bold', shownPath(dir, each.name))} ${printable(describeUnused(each))}`)
      }
      const what = counted(unused.length, 'fixture')
      if (dryRun) {
        exit(1)
        return end(`Would remove ${what}.`, false)
      }
      const agreed = yes ?? (await terminal.confirm(`Remove ${what}?`))
      if (agreed === undefined) {
        throw new DeltatapeError(
          'config_invalid',
          `Nobody is here to be asked whether to remove ${what}: nothing was removed. Say --yes where that is wanted.`,
        )
      }
      if (!agreed) {
        exit(1)
        return end('Nothing was removed.', false)
      }
      for (const { name } of unused) await store.remove(name)
      return end(`Removed ${what}.`, true)
    })
