/** The sub-commands of `deltatape`, and how it ends. */
import { Command, CommanderError } from 'commander'
import { DeltatapeError } from '../base/errors.ts'
import { printableLines } from '../base/text.ts'
import { VERSION } from '../base/version.ts'
import type { Context, Define, ExitCode } from './command.ts'
import { defineDiff } from './diff.ts'
import { defineLs } from './ls.ts'
import { definePrune } from './prune.ts'
import { defineRecord } from './record.ts'
import { defineRedact } from './redact.ts'
import { defineServe } from './serve.ts'
import { defineShow } from './show.ts'
import { defineUnused } from './unused.ts'
import { defineVerify } from './verify.ts'

const COMMANDS: readonly Define[] = [
  defineServe,
  defineLs,
  defineShow,
  defineDiff,
  defineRecord,
  defineVerify,
  defineUnused,
  definePrune,
  defineRedact,
]

/** The process could not do what it was told. */
const COULD_NOT: ExitCode = 2

/**
 * Runs the sub-command that `args` name.
 *
 * @returns the exit code. What a user did wrong is one message, without a stack; anything else is thrown.
 */
export async function runCli(args: readonly string[], world: Omit<Context, 'exit'>): Promise<ExitCode> {
  let code: ExitCode = 0
  const context: Context = {
    ...world,
    exit(next) {
      if (next > code) code = next
    },
  }
  const program = new Command('deltatape')
    .description("Records and replays what OpenAI's Responses API streams.")
    .version(VERSION)
    .showHelpAfterError('(deltatape --help shows what there is)')
    .addHelpText('after', '\nExit codes: 0 fine, 1 it found something, 2 it could not look.')
  for (const define of COMMANDS) {
    program.addCommand(define(context))
  }
  for (const each of [program, ...program.commands]) {
    // Beside the longest flags there are 37 columns left of 80.
    each.configureHelp({ minWidthToWrap: 30 })
    each.exitOverride().configureOutput({
      writeOut: (text) => world.terminal.write(text.trimEnd()),
      writeErr: (text) => world.terminal.tell(text.trimEnd()),
      getOutHelpWidth: () => world.terminal.columns,
      getErrHelpWidth: () => world.terminal.columns,
    })
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : COULD_NOT
    if (!(error instanceof DeltatapeError)) throw error
    world.terminal.tell(`deltatape: ${printableLines(error.message)}`)
    return COULD_NOT
  }
  return code
}
