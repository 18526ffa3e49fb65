/** The `deltatape` command: what it gets of the process, and its exit code. */
import { inspect } from 'node:util'
import { systemClock } from './base/clock.ts'
import { EXIT } from './base/errors.ts'
import { runCli } from './command/index.ts'
import { terminalOf } from './command/terminal.ts'

const terminal = terminalOf(process)
const code = await runCli(process.argv.slice(2), {
  env: process.env,
  terminal,
  clock: systemClock,
  interrupted() {
    const controller = new AbortController()
    process.once('SIGINT', () => controller.abort())
    return controller.signal
  },
}).catch((error: unknown) => {
  // Nobody expected it, so its stack is of use; it may repeat the text of a file.
  terminal.tell(`deltatape: This is a fault of deltatape itself: ${inspect(error)}`)
  return EXIT.notLooked
})

// What could not be written counts, too, and may be known by now.
if (code !== EXIT.fine) process.exitCode = Math.max(code, Number(process.exitCode ?? EXIT.fine))
