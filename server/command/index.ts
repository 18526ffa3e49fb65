/** The sub-commands of `deltatape`, and how it ends. */
import { Command, CommanderError } from 'commander'
import { deltatape } from '../base/command-line.ts'
import { DeltatapeError, EXIT, type ExitCode, isError, systemCode } from '../base/errors.ts'
import { VERSION } from '../base/version.ts'
import type { Context, Define } from './command.ts'

/** A sub-command, loaded only if it is asked for: each needs much that the others do not. */
interface Entry {
  readonly name: string
  readonly about: string
  /** The exit code if it cannot do what it was told, if not {@link EXIT.notLooked}. */
  readonly failed?: ExitCode
  load(): Promise<Define>
}

const COMMANDS: readonly Entry[] = [
  {
    name: 'serve',
    about: 'Runs the server. Every flag is a variable, too; the flag counts if both are set.',
    failed: EXIT.notStarted,
    load: async () => (await import('./serve.ts')).defineServe,
  },
  {
    name: 'run',
    about: 'Runs a command whose calls to APIs are answered here, and ends as it ends.',
    failed: EXIT.notStarted,
    load: async () => (await import('./run.ts')).defineRun,
  },
  {
    name: 'ls',
    about: 'Lists the fixtures: all, or those whose name, input or answer holds every one of the words.',
    load: async () => (await import('./ls.ts')).defineLs,
  },
  {
    name: 'show',
    about: 'Shows one fixture: what was asked, the answer as it streamed, when which events came, how it ended.',
    load: async () => (await import('./show.ts')).defineShow,
  },
  {
    name: 'export',
    about: 'Writes one HTML file that shows a fixture, without a server.',
    load: async () => (await import('./export.ts')).defineExport,
  },
  {
    name: 'diff',
    about: 'Shows what differs between two fixtures, or between one or all and what git has of them.',
    load: async () => (await import('./diff.ts')).defineDiff,
  },
  {
    name: 'record',
    about: "Sends the fixtures' own requests again, and records what the API answers now.",
    load: async () => (await import('./record.ts')).defineRecord,
  },
  {
    name: 'write',
    about: 'Writes fixtures that nobody recorded: what an API is to answer, as it would have streamed it.',
    load: async () => (await import('./write.ts')).defineWrite,
  },
  {
    name: 'verify',
    about: 'Checks that fixtures are whole, belong to their requests and hold no secrets.',
    load: async () => (await import('./verify.ts')).defineVerify,
  },
  {
    name: 'unused',
    about: 'Lists the fixtures that were not used by the runs that wrote these logs.',
    load: async () => (await import('./unused.ts')).defineUnused,
  },
  {
    name: 'prune',
    about: 'Removes the fixtures that were not used by the runs that wrote these logs.',
    load: async () => (await import('./prune.ts')).definePrune,
  },
  {
    name: 'redact',
    about: 'Shows which fixtures hold what is to be redacted, and redacts it.',
    load: async () => (await import('./redact.ts')).defineRedact,
  },
  {
    name: 'pull',
    about: 'Copies the fixtures of an engine into a directory: what differs, and no more.',
    load: async () => (await import('./pull.ts')).definePull,
  },
  {
    name: 'push',
    about: 'Copies the fixtures of a directory to an engine: what differs, and no more.',
    load: async () => (await import('./push.ts')).definePush,
  },
]

/**
 * Runs the sub-command that `args` name.
 *
 * @returns the exit code. What a user did wrong becomes one message, without a stack; anything else is thrown.
 */
export async function runCli(args: readonly string[], world: Omit<Context, 'exit' | 'atEnd'>): Promise<number> {
  let code: number = EXIT.fine
  const ends: (() => Promise<void>)[] = []
  const context: Context = {
    ...world,
    atEnd: (work) => void ends.push(work),
    exit(next) {
      if (next > code) code = next
    },
  }
  const asked = nameIn(args)
  const { failed = EXIT.notLooked } = COMMANDS.find(({ name }) => name === asked) ?? {}
  const program = await programFor(asked, context)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : failed
    // A system that refuses is no fault of ours: a file that may not be removed, a disk that is full.
    if (!(error instanceof DeltatapeError) && !isRefusal(error)) throw error
    world.terminal.tell(`deltatape: ${error.message}`)
    return failed
  } finally {
    await Promise.all(ends.map((end) => end()))
  }
  return code
}

/** Whether an error is one of the system: `EACCES`, `ENOSPC`, …; those of Node begin with `ERR_`. */
const isRefusal = (error: unknown): error is Error => isError(error) && /^E[A-Z0-9]+$/.test(systemCode(error) ?? '')

/** The sub-command that is asked for, or whose help is. */
function nameIn(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith('-'))
  return first === 'help' ? second : first
}

/** The whole command: the sub-command that is asked for is complete, the others are only listed. */
async function programFor(asked: string | undefined, context: Context): Promise<Command> {
  const { terminal } = context
  const program = new Command('deltatape')
    .description('Records what the APIs of language models answer, to the byte, and replays it.')
    .version(VERSION)
    // What stands behind the name of a sub-command is its own, and what stands behind a command to run is that one's.
    .enablePositionalOptions()
    .showHelpAfterError(`(${deltatape('--help')} shows what there is)`)
    .addHelpText('after', '\nExit codes: 0 fine, 1 it found something, 2 it could not look.')
  for (const { name, about, load } of COMMANDS) {
    const command = name === asked ? (await load())(context) : new Command(name)
    program.addCommand(command.description(about))
  }
  for (const each of [program, ...program.commands]) {
    // Beside the longest flags there are 37 columns left of 80.
    each.configureHelp({ minWidthToWrap: 30 })
    each.exitOverride().configureOutput({
      writeOut: (text) => terminal.write(text.trimEnd()),
      writeErr: (text) => terminal.tell(text.trimEnd()),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    })
  }
  return program
}
