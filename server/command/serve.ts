/** `deltatape serve`: the server, as `npm start` runs it. */
import { Command } from 'commander'
import { keepHeapSmall } from '../serve/heap.ts'
import { type Define, addVariables, environmentOf } from './command.ts'

export const defineServe: Define = ({ env }) => {
  const command = addVariables(new Command('serve'))
    .description('Runs the server. Every flag is a variable, too, and stands over it.')
    .addHelpText(
      'after',
      `
Examples:
  deltatape serve                                replay what is in fixtures/
  deltatape serve --mode record --port 0         record, on a free port
  deltatape serve --pace recorded --fault reset@7

Exit codes: 0 it was stopped, 1 it could not start.

A key given as a flag can be read by others on this machine: rather set
OPENAI_API_KEY.`,
    )
  return command.action(async () => {
    // The other sub-commands need none of it, and it takes most of the time that they take to start.
    keepHeapSmall()
    const { serve, withExitCode } = await import('../serve/process.ts')
    await withExitCode(process, () => serve(process, environmentOf(command, env)))
  })
}
