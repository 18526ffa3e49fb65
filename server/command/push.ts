/** `deltatape push`: copies the fixtures of a directory to an engine. */
import { Command } from 'commander'
import { push } from '../upkeep/push.ts'
import type { Define } from './command.ts'
import { addTransfer, transfer } from './transfer.ts'

const WAY = { name: 'push', did: 'Pushed', would: 'Would push', move: push } as const

export const definePush: Define = (context) => {
  const command = new Command('push')
  return addTransfer(command)
    .addHelpText(
      'after',
      `
Only what differs is moved. A damaged fixture stays here; a failure never takes
the place of a good answer, and nothing that of what somebody has changed there
since it was pulled, unless --force is given. A fixture of a sub-directory, or
with a name of its own, gets the name there that follows from its call.

Examples:
  npx deltatape push --fixtures s3://bucket/prefix
  npx deltatape push recorded --fixtures redis://host/0 --dry-run

Exit codes: 0 all of the directory is there now; 1 something was left, or with
--dry-run something would be moved; 2 it could not look, or Ctrl-C came.`,
    )
    .action((directory: string | undefined) => transfer(context, WAY, directory, command))
}
