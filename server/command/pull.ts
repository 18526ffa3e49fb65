/** `deltatape pull`: copies what an engine has into a directory. */
import { Command } from 'commander'
import { pull } from '../upkeep/pull.ts'
import type { Define } from './command.ts'
import { addTransfer, transfer } from './transfer.ts'

const WAY = { name: 'pull', did: 'Pulled', would: 'Would pull', move: pull } as const

export const definePull: Define = (context) => {
  const command = new Command('pull')
  return addTransfer(command)
    .addHelpText(
      'after',
      `
Only what differs is moved. What was changed in the directory, or recorded into
it, is not written over unless --force is given.

Examples:
  npx deltatape pull --fixtures s3://bucket/prefix
  npx deltatape pull cache --fixtures redis://host/0 --dry-run

Exit codes: 0 the directory has all of it now; 1 something was left, or with
--dry-run something would be moved; 2 it could not look, or Ctrl-C came.`,
    )
    .action((directory: string | undefined) => transfer(context, WAY, directory, command))
}
