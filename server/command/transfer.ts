/** What `deltatape pull` and `deltatape push` have in common: what they are told, and what they tell. */
import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { DeltatapeError, EXIT } from '../base/errors.ts'
import { deltatape, marked } from '../base/command-line.ts'
import { printable } from '../base/text.ts'
import { copiesIn, openDriver } from '../store/open.ts'
import { isAddress, placeOf } from '../store/place.ts'
import type { Job, Result } from '../upkeep/transfer.ts'
import { type Context, addVariables, configFrom } from './command.ts'
import { WHERE } from './fixtures.ts'
import { type Terminal, counted, countedOf } from './terminal.ts'

interface Options {
  readonly dryRun?: true
  readonly force?: true
  readonly delete?: true
  readonly json?: true
}

/** The words of one way. */
export interface Way {
  readonly name: 'pull' | 'push'
  readonly did: string
  readonly would: string
  readonly move: (job: Job) => Promise<Result>
}

export const addTransfer = (command: Command): Command =>
  addVariables(command, ...WHERE)
    .argument('[directory]', 'the directory; without it that of FIXTURES_CACHE, or fixtures')
    .option('-n, --dry-run', 'change nothing: only say what would be moved')
    .option('--force', 'write over a fixture that differs there, too')
    .option('--delete', 'take away what the other side has not')
    .option('--json', 'write one JSON value for programs')

/** Moves fixtures, and tells what became of them. */
export async function transfer(context: Context, way: Way, word: string | undefined, command: Command): Promise<void> {
  const { env, clock, terminal } = context
  const { dryRun = false, force = false, delete: prune = false, json } = command.opts<Options>()
  const { fixturesCache, ...config } = configFrom(command, env, ...WHERE)
  const dir = word ?? fixturesCache ?? 'fixtures'
  checkPlaces(way, config.fixturesDir, dir)
  const engine = openDriver({ ...config, mode: 'record' }, { clock })
  const directory = openDriver({ fixturesDir: dir }, { clock })
  const copies = copiesIn(dir, engine, clock)
  const signal = context.interrupted()
  try {
    await engine.check({ write: way.name === 'push' && !dryRun })
    const { progress } = terminal
    const result = await way.move({ engine, directory, copies, dryRun, force, prune, signal, progress })
    const [from, to] = way.name === 'pull' ? [engine.place, dir] : [dir, engine.place]
    const told = { ...result, from, to, dryRun }
    terminal.write(json ? JSON.stringify(told, null, 2) : textOf(told, way, terminal))
    if (!json) tellLeft(told, terminal)
    context.exit(exitCodeOf(told))
  } finally {
    await copies.close()
    await directory.close()
    await engine.close()
  }
}

/** @throws DeltatapeError `config_invalid`, or `not_found` */
function checkPlaces({ name }: Way, place: string, dir: string): void {
  if (isAddress(dir)) {
    throw new DeltatapeError(
      'config_invalid',
      `${deltatape(name)} takes a directory of this machine, not ${placeOf(dir)}. FIXTURES, or --fixtures, names the engine.`,
    )
  }
  if (name === 'push' && !existsSync(dir)) {
    throw new DeltatapeError(
      'not_found',
      `There is no directory ${JSON.stringify(dir)}: nothing was pushed. Name the one that holds the fixtures.`,
    )
  }
  if (isAddress(place)) return
  throw new DeltatapeError(
    'config_invalid',
    `FIXTURES=${JSON.stringify(place)} is a directory, and ${name} moves fixtures between a directory and an engine: ${marked(deltatape(name, dir, '--fixtures', 's3://bucket/prefix'))}, for example.`,
  )
}

interface Told extends Result {
  readonly from: string
  readonly to: string
  readonly dryRun: boolean
}

/** How many names are shown of what was moved. */
const MAX_NAMED = 20

function textOf({ from, to, dryRun, ...result }: Told, { did, would }: Way, { style }: Terminal): string {
  const { fixtures, moved, renamed, removed, bytes } = result
  const named = [
    ...(dryRun ? moved.map(printable) : []),
    ...renamed.map(({ name, as }) => `${printable(name)} is ${printable(as)} there`),
    ...removed.map((name) => `${printable(name)} ${dryRun ? 'would be' : 'was'} removed`),
  ]
  const more =
    named.length > MAX_NAMED && !dryRun ? [`and ${(named.length - MAX_NAMED).toLocaleString('en')} more`] : []
  const count = moved.filter((name) => name.endsWith('.jsonl')).length
  const size = dryRun || bytes === 0 ? '' : ` (${counted(bytes, 'byte')})`
  const places = `from ${printable(from)} to ${printable(to)}`
  const summary = `${dryRun ? would : did} ${countedOf(count, fixtures, 'fixture')} ${places}${size}.`
  return [...(dryRun ? named : named.slice(0, MAX_NAMED)), ...more, style('bold', summary)].join('\n')
}

function tellLeft({ left, interrupted }: Told, terminal: Terminal): void {
  for (const { name, why } of left) terminal.tell(printable(`${name} was left: ${why}`))
  if (interrupted) terminal.tell('deltatape: Interrupted: every fixture is whole. The same command goes on.')
}

function exitCodeOf({ moved, removed, left, dryRun, interrupted }: Told): number {
  if (interrupted) return EXIT.notLooked
  return left.length > 0 || (dryRun && moved.length + removed.length > 0) ? EXIT.found : EXIT.fine
}
