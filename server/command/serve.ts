/** `deltatape serve`: the server, as `npm start` runs it. */
import { Command } from 'commander'
import { deltatape } from '../base/command-line.ts'
import { keepHeapSmall } from '../serve/heap.ts'
import { type Define, addVariables, environmentOf, saidAgain } from './command.ts'

export const defineServe: Define = ({ env, terminal }) => {
  const command = addVariables(
    new Command('serve').option('--print-env', 'write the variables with which SDKs find this server, and exit'),
  ).addHelpText(
    'after',
    `
Examples:
  npx deltatape serve                              replay what is in fixtures/
  npx deltatape serve --mode record --port 0       record, on a free port
  npx deltatape serve --pace recorded --fault reset@7
  eval "$(npx deltatape serve --print-env)"        point this shell's SDKs here
  npx deltatape serve --print-env | source         the same in fish
  npx deltatape serve --print-env |
    % { iex ($_ -replace '^export ', '$env:') }    the same in PowerShell

Exit codes: 0 it was stopped, 1 it could not start.

Others on this machine can read a key that is given as a flag: rather set
OPENAI_API_KEY.`,
  )
  return command.action(async ({ printEnv }: { readonly printEnv?: true }) => {
    if (printEnv) {
      const { printedEnvironment } = await import('../serve/process.ts')
      return terminal.write(printedEnvironment(environmentOf(command, env)).join('\n'))
    }
    // Before the server is loaded, which takes most of the time of a start: the other sub-commands need none of it.
    keepHeapSmall()
    const { serve } = await import('../serve/process.ts')
    await serve(process, environmentOf(command, env), (config) => deltatape('serve', ...saidAgain(command, config)))
  })
}
