/** `deltatape prune`: takes away the fixtures that no run asked for. */
import { Command } from 'commander'
import { DeltatapeError, EXIT } from '../base/errors.ts'
import { printable } from '../base/text.ts'
import { forEach } from '../upkeep/transfer.ts'
import { describeChanged, describeDamaged, describeUnused, gatherUnused } from '../upkeep/unused.ts'
import { type Context, type Define, shownPath } from './command.ts'
import { addFixtures, fixturesOf } from './fixtures.ts'
import { counted } from './terminal.ts'

interface Options {
  readonly yes?: true
  readonly dryRun?: true
  readonly json?: true
}

export const definePrune: Define = (context) =>
  addFixtures(new Command('prune'))
    .argument('<file...>', 'what servers wrote with USAGE_LOG=file')
    .option('-y, --yes', 'do not ask')
    .option('-n, --dry-run', 'only say what would be removed')
    .option('--json', 'write one JSON value for programs')
    .addHelpText(
      'after',
      `
Examples:
  npx deltatape prune used.jsonl --dry-run
  npx deltatape prune chat.jsonl eval.jsonl --yes

Exit codes: 0 nothing unused is left, 1 something is, 2 it could not look
or ask.`,
    )
    .action((files: readonly string[], options: Options, command: Command) => prune(context, files, options, command))

/** What is begun is not ended in the middle. */
const untilDone = new AbortController().signal

async function prune(context: Context, files: readonly string[], options: Options, command: Command): Promise<void> {
  const { terminal, exit } = context
  const { yes, dryRun, json } = options
  const { store } = fixturesOf(command, context)
  const { unused, damaged } = await gatherUnused(store, files)
  if (damaged.length > 0) terminal.tell(printable(describeDamaged(damaged, store.flags)))
  const { pathOf } = store
  /** @param left what was to be removed and is still there; undefined if nothing was to be */
  const end = (text: string, left?: readonly string[]) => {
    const removed = left !== undefined && left.length < unused.length
    const changed = left && left.length > 0 ? { changed: left.map(pathOf) } : {}
    const told = { unused: unused.map(({ name }) => pathOf(name)), removed, ...changed }
    terminal.write(json ? JSON.stringify(told, null, 2) : text)
  }
  if (unused.length === 0) return end('All fixtures were used: nothing to remove.')
  const stamps = new Map<string, string>()
  await forEach(unused, untilDone, async ({ name }) => void stamps.set(name, await store.stamp(name)))
  for (const each of unused) {
    const name = terminal.style('bold', shownPath(store, each.name))
    if (!json) terminal.write(`${name} ${printable(describeUnused(each))}`)
  }
  const what = counted(unused.length, 'fixture')
  if (dryRun) {
    exit(EXIT.found)
    return end(`Would remove ${what}.`)
  }
  const agreed = yes ?? (await terminal.confirm(`Remove ${what}?`))
  if (agreed === undefined) {
    throw new DeltatapeError(
      'config_invalid',
      `Nobody is here to be asked whether to remove ${what}: nothing was removed. Say --yes if that is what you want.`,
    )
  }
  if (!agreed) {
    exit(EXIT.found)
    return end('Nothing was removed.')
  }
  const left: string[] = []
  await forEach(unused, untilDone, async ({ name }) => {
    if (!(await store.remove(name, stamps.get(name) ?? 'absent'))) left.push(name)
  })
  if (left.length > 0) {
    terminal.tell(describeChanged(left.map((name) => shownPath(store, name))))
    exit(EXIT.found)
  }
  return end(`Removed ${counted(unused.length - left.length, 'fixture')}.`, left)
}
