/** `deltatape run -- <command>`: a server for as long as a command runs, which finds it by its environment. */
import { Command, Option } from 'commander'
import { deltatape } from '../base/command-line.ts'
import { DeltatapeError } from '../base/errors.ts'
import type { Environment } from '../base/variables.ts'
import { readConfig } from '../serve/config.ts'
import { keepHeapSmall } from '../serve/heap.ts'
import { type Define, addVariables, environmentOf, saidAgain } from './command.ts'
import { SEVERITIES, type Severity } from './run/verdict.ts'

/** Variables that programs have for themselves: here they are the command's, and the flags alone count. */
const OF_COMMANDS: ReadonlySet<string> = new Set(['PORT', 'HOST', 'LOG_LEVEL', 'AUTH_TOKEN'])

interface Flags {
  readonly misses: Severity
  readonly unused?: Severity
}

export const defineRun: Define = ({ env, terminal, clock, exit }) => {
  const own = new Command('run')
    .usage('[options] -- <command> [arguments...]')
    .argument('<command...>', 'what to run, with its arguments')
    .passThroughOptions()
    .showHelpAfterError(`(${deltatape('run', '--help')} shows how)`)
    .addOption(
      new Option('--misses <fail|tell>', 'what becomes of calls without a fixture').choices(SEVERITIES).default('fail'),
    )
    .addOption(
      new Option('--unused <fail|tell>', 'what becomes of fixtures that were not asked for').choices(SEVERITIES),
    )
  const command = addVariables(own).addHelpText(
    'after',
    `
Examples:
  npx deltatape run -- pytest -q               replay; no key, no network
  npx deltatape run --mode record -- npm test  record what the tests ask
  npx deltatape run --pace recorded -- npm run dev
  npx deltatape run --unused fail -- npm test  and no fixture is left over

The command finds the server by the variables of its SDKs (OPENAI_BASE_URL, …)
and by DELTATAPE_URL. Where such a variable names an API already, as in
ANTHROPIC_BASE_URL=http://127.0.0.1:8080, that is what a recording calls. In
replay its keys are of no use, and nothing else is let out. PORT, HOST,
LOG_LEVEL and AUTH_TOKEN are the command's own: here they are flags alone. A
free port is picked unless --port names one.

Exit codes: that of the command (128 and more: a signal; 127: there is no such
command; 126: it cannot be run); 1 if it passed, but a call had no fixture.`,
  )
  return command.action(async (words: readonly string[]) => {
    const { misses, unused } = command.opts<Flags>()
    const ours = Object.fromEntries(Object.entries(env).filter(([name]) => !OF_COMMANDS.has(name)))
    const given: Environment = { PORT: '0', ...environmentOf(command, ours) }
    const config = readConfig(given)
    if (unused !== undefined && config.mode === 'live') {
      throw new DeltatapeError('config_invalid', '--unused has nothing to look at in live mode: no fixture is read.')
    }
    // Before the server is loaded, which takes most of the time of a start.
    keepHeapSmall()
    const { runWith } = await import('./run/course.ts')
    const settled = {
      ...config,
      // What a call became is told in the end.
      logLevel: given.LOG_LEVEL ? config.logLevel : config.mode === 'replay' ? 'error' : 'warn',
      howToRecord: deltatape('run', ...saidAgain(command, config), '--', ...words.map(shortened)),
    } as const
    try {
      exit(await runWith({ words, config: settled, env, misses, unused }, terminal))
    } finally {
      // Idle connections would keep the process. It ends when its code is set, and its last lines are written.
      clock.soon(() => process.stderr.write('', () => process.exit()))
    }
  })
}

/** How long a word may be that is said again. A program in one is not. */
const MAX_WORD_CHARS = 100

const shortened = (word: string): string => (word.length > MAX_WORD_CHARS || word.includes('\n') ? '…' : word)
